"""dogpile's core in plain Python: a port in the order of docs/porting.md, checked by the vectors."""
