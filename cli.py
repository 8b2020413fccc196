"""Runs chainrule from a checkout, without installing it: `python cli.py derive textbook`."""

from chainrule.commands import main

if __name__ == "__main__":
    main()
