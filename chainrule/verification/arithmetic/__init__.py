"""Terms in different numbers: doubles (a screen), intervals (certain), an exact normal form."""
