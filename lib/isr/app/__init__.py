"""For people with pictures: one call, one command, one page, and the formats of other tools."""
