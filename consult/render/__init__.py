"""How consultations and reports look: lines of a terminal, HTML, Markdown and CSV; nothing here plays or decides."""
