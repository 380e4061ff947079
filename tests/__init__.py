"""Tests, one folder for each stage; `oracle` is what the library is judged by."""
