"""The language: tokens, parser, printer."""
