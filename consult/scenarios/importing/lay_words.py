"""Put everyday words for a doctor's, so that a patient of a case report does not say "epistaxis"."""

from __future__ import annotations

import re

_SPOKEN = tuple(
    (re.compile(rf"\b(?:{pattern})\b", re.IGNORECASE), words)
    for pattern, words in (
        # Symptoms.
        (r"dyspn(?:o?ea) (?:on|with) exertion|exertional dyspno?ea", "shortness of breath on exertion"),
        (r"dyspno?ea", "shortness of breath"),
        (r"dyspno?eic", "short of breath"),
        (r"epistaxis", "nosebleeds"),
        (r"nonpruritic|non-pruritic", "non-itchy"),
        (r"pruritic", "itchy"),
        (r"pruritus", "itching"),
        (r"dysuria", "pain when passing urine"),
        (r"burning micturition", "burning when passing urine"),
        (r"micturating|micturition", "passing urine"),
        (r"voiding", "passing urine"),
        (r"(?:to )?void", "to pass urine"),
        (r"defecation", "bowel movements"),
        (r"(?:gross |visible )?h(?:a)?ematuria", "blood in the urine"),
        (r"h(?:a)?ematochezia", "blood in the stool"),
        (r"h(?:a)?ematemesis", "vomiting of blood"),
        (r"h(?:a)?emoptysis", "coughing up of blood"),
        (r"mel(?:a)?ena", "black stools"),
        (r"nocturia", "a need to pass urine at night"),
        (r"polyuria", "a need to pass a lot of urine"),
        (r"polydipsia", "great thirst"),
        (r"rhinorrh(?:o)?ea", "a runny nose"),
        (r"odynophagia", "pain when swallowing"),
        (r"dysphagia", "trouble swallowing"),
        (r"(?:an )?emesis", "vomiting"),
        (r"cephalgia", "headache"),
        (r"arthralgias?", "joint pain"),
        (r"myalgias?", "muscle pain"),
        (r"par(?:a)?esthesias?", "tingling"),
        (r"diplopia", "double vision"),
        (r"tinnitus", "ringing in the ears"),
        (r"orthopno?ea", "breathlessness when lying flat"),
        (r"hyperlipida?emia|hypercholesterola?emia|dyslipida?emia", "high cholesterol"),
        (r"photophobia", "trouble with bright light"),
        (r"dyspareunia", "pain during sex"),
        (r"delayed menarche", "a late first period"),
        (r"menarche", "my first period"),
        (r"menses|menstruation", "periods"),
        (r"dysmenorrh(?:o)?ea", "painful periods"),
        (r"menorrhagia", "heavy periods"),
        (r"amenorrh(?:o)?ea", "no periods"),
        (r"premenstrually", "before my period"),
        (r"postmenstrually", "after my period"),
        (r"postmenopausal bleeding", "bleeding after the menopause"),
        (r"steatorrh(?:o)?ea", "fatty stools"),
        (r"anorexia(?! nervosa)", "loss of appetite"),
        (r"syncop(?:e|al episodes?)", "fainting"),
        (r"ambulat(?:e|ing|ion)", "walking"),
        (r"alopecia(?! areata)", "hair loss"),
        (r"pharyngitis", "sore throat"),
        (r"lacrimation|epiphora", "watering of the eyes"),
        (r"diaphoresis", "sweating"),
        (r"xerostomia", "a dry mouth"),
        (r"altered mentation|altered mental status|mental status changes", "confusion"),
        (r"lower extremit(?:y|ies)(?= (?:o)?edema)", "leg"),
        (r"(?:pedal|ankle) (?:o)?edema", "swollen ankles"),
        (r"(?:o)?edema", "swelling"),
        (r"(?:o)?edematous", "swollen"),
        (r"apneic episodes", "pauses in breathing"),
        (r"intermittent claudication", "leg pain on walking"),
        # Skin.
        (r"maculopapular rash", "spotty rash"),
        (r"erythematous", "red"),
        (r"erythema(?! (?:multiforme|nodosum|toxicum|migrans|infectiosum))", "redness"),
        (r"violaceous", "purple"),
        (r"hyperpigmented", "dark"),
        (r"hypopigmented", "light"),
        (r"hyperpigmentation", "darkening"),
        (r"hypopigmentation", "lightening"),
        (r"papulopustular|papulosquamous", "bumpy"),
        (r"papulopustules", "pimples"),
        (r"papular", "bumpy"),
        (r"papules", "small bumps"),
        (r"papule", "small bump"),
        (r"plaques", "raised patches"),
        (r"plaque", "raised patch"),
        (r"macules", "flat spots"),
        (r"macule", "flat spot"),
        (r"bullae|bullous lesions", "blisters"),
        (r"vesicles", "small blisters"),
        (r"pustules", "pus-filled spots"),
        (r"ecchymos[ie]s", "bruises"),
        (r"petechiae", "tiny red spots"),
        (r"excoriations", "scratch marks"),
        (r"wheals", "welts"),
        (r"nonblanching|non-blanching", "not fading"),
        # Places.
        (r"upper extremit(?:y|ies) and lower extremit(?:y|ies)", "arms and legs"),
        (r"(?:upper and lower|lower and upper) extremities", "arms and legs"),
        (r"(trunk|body|back|chest|abdomen|face) and distal extremities", r"\1, hands and feet"),
        (r"(trunk|body|back|chest|abdomen|face) and (?:the )?extremities", r"\1, arms and legs"),
        (r"(?:the )?(?:bilateral|both) (?:upper extremities|upper limbs)", "both arms"),
        (r"(?:the )?(?:bilateral|both) (?:lower extremities|lower limbs)", "both legs"),
        (r"(?:distal )?upper extremities", "arms"),
        (r"(?:distal )?lower extremities", "legs"),
        (r"upper extremity", "arm"),
        (r"lower extremity", "leg"),
        (r"distal extremities", "hands and feet"),
        (r"extremities", "arms and legs"),
        (r"axillae", "armpits"),
        (r"axilla", "armpit"),
        (r"(?:periorbital|periocular) (rash|swelling|itching|redness|o?edema|pain|patches)", r"\1 around the eyes"),
        (r"periorbital|periocular", "around the eyes"),
        (r"umbilicus", "belly button"),
        (r"nape of (?:the )?neck", "back of the neck"),
        (r"great toe", "big toe"),
        (r"left great toe", "left big toe"),
        (r"antecubital (?:and popliteal )fossae", "bends of the elbows and knees"),
        (r"popliteal foss(?:a|ae)", "backs of the knees"),
        (r"(?:the )?bilateral (?=\w+s\b|feet|hands)", "both "),
        (r"insidious[- ]onset(?= [a-z])", "slowly starting"),
        (r"(?:new|recent)[- ]onset(?: of)?", "new"),
        (r"sudden[- ]onset(?= [a-z])", "sudden"),
        (r"noncontributory|non-contributory", "unremarkable"),
        (r"post-birth", "after birth"),
        (r"post bowel movement", "after a bowel movement"),
        (r"bilaterally", "on both sides"),
        # Treatment and time.
        (r"postprandial", "after meals"),
        (r"over-the-counter|OTC", "over-the-counter"),
        (r"illicit drugs", "drugs"),
        (r"illicit drug", "drug"),
        (r"NSAIDs", "anti-inflammatory painkillers"),
        (r"at (?:the )?(?:time of )?onset", "at the beginning"),
        (r"since (?:the )?onset", "since it began"),
    )
)
"""A doctor's word → what a patient says."""
_BILATERAL = re.compile(
    r"\bbilateral (?P<where>(?:lower |upper )?(?:leg|arm|ear|eye|knee|hip|foot|flank|hand|breast|ankle|wrist"
    r"|shoulder))s? "
    r"(?P<what>swelling|pain|infections?|weakness|numbness|redness|edema|stiffness|discharge|tingling)\b",
    re.IGNORECASE,
)
_COLOUR = re.compile(r"(?<!-)\b(red|purple|dark|light|brown|pink|itchy|pearly) (small|tiny) bump")


def in_lay_words(clause: str) -> str:
    """Return the clause in everyday words."""
    said = _BILATERAL.sub(
        lambda found: (
            f"{found['what']} in both {found['where'].replace('foot', 'feet')}{'' if 'foot' in found['where'] else 's'}"
        ),
        clause,
    )
    for pattern, words in _SPOKEN:
        said = pattern.sub(words, said)
    if said == clause:
        return clause
    said = _COLOUR.sub(r"\2 \1 bump", re.sub(r"\bsmall small\b", "small", said))
    said = re.sub(r"\b(double vision|shortness of breath|vertigo) \(\1\)", r"\1", said)
    said = re.sub(r"\ba (?=(?:itchy|over-the-counter)\b)", "an ", said)
    return re.sub(r"\ban (?=(?:red|purple|dark|bumpy|raised|flat|small|hair|sore|blood|painful|swollen)\b)", "a ", said)
