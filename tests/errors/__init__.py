"""One model file for each error, with what is printed for it."""
