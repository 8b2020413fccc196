"""`python -m chainrule` does the same as the command `chainrule`."""

from chainrule.commands import main

if __name__ == "__main__":
    main()
