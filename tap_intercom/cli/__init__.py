"""What do people type, beside the Singer flags? One module for each command.

None of them is imported here, so that each loads only what it needs: the sandbox needs no tap.
"""
