"""The fault run: everything is killed, cut and wiped at random while people work; afterwards the oracle judges."""
