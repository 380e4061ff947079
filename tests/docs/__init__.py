"""Documentation that names code is run: models, Python, commands, docstrings."""
