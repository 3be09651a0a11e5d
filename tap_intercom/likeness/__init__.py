"""What do the answers look like, without saying what is in them?

So that a user whose workspace answers otherwise than the tap expects can say so in public: which
fields there are, of which types and forms, how often; never a value, nor what is made of one.
"""
