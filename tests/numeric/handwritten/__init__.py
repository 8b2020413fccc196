"""Models as people write them, through every engine and every code target, against many digits."""
