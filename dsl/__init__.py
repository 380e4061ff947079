"""The model language: grammar, syntax tree, parser, printer, and the device library as data in ``library/``.

The only room that imports lark. Names, units and sizes are resolved by later rooms; nothing here evaluates model text.
"""
