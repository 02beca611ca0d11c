"""English words that hold a sentence together and carry little meaning of their own."""

_FUNCTION_WORDS_TEXT = """
a an the this that these those some any no every each either neither another other such i you
he she it we they me him her us them my your his its our their mine yours hers ours theirs
myself yourself himself herself itself ourselves themselves who whom whose which what one ones
of in on at to from for with by about into onto off out up down over under than as per via and
or but so if then else because though although while when where why how whether be am is are
was were been being do does did done have has had having can could will would shall should may
might must not don't doesn't didn't isn't aren't wasn't weren't can't won't cannot very too
also just only even still again more most much many few little lot there here now yes no oh ah
well ok okay
"""
FUNCTION_WORDS = frozenset(_FUNCTION_WORDS_TEXT.split())
ARTICLES = frozenset(["a", "an", "the"])
# What may stand within a phrase that the dictionary writes without it.
SKIPPED = frozenset(
    ["a", "an", "the", "my", "your", "his", "her", "our", "their", "its", "this", "that", "some"]
)
