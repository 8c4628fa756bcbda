"""dogpile's core in plain Python: a port written from docs/porting.md, checked by the vectors."""
