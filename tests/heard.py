"""A consultation as an assessor hears it; shared by the tests of the starter as assessor."""

from consult.agents.acts import AssessorView, Line

LINES = (
    Line("patient", "open", "Hello! My elbow itches, doctor.", "complaint", (("complaint", "my elbow itches"),)),
    Line("triage", "triage", "A rash is for dermatology."),
    Line("attending", "ask", "What illnesses have you had?", "history"),
    Line("patient", "answer", "Asthma, they say."),
    Line("attending", "ask", "Are you living with other medical conditions?"),
    Line("patient", "answer", "It is dry, I smoke.", "history", (("sensation", "it is dry"), ("history", "I smoke"))),
    Line("attending", "examine", "Let me feel. [palpation: it feels rough]", "palpation"),
    Line("attending", "consult", "I ask my colleagues."),
    Line("attending", "conclude", "This is eczema. Keep it moist."),
    Line("patient", "ask", "Is it catching?", "contagious"),
    Line("attending", "answer", "No, it is not."),
    Line("patient", "satisfied", "Thank you."),
)
VIEW = AssessorView(LINES, "eczema", None, "routine", "psoriasis")
