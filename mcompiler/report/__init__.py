"""Reports: pictures and texts for people, made from solutions. Matplotlib is imported here only, and late."""
