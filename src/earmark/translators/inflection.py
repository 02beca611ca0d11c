"""The base forms that an English word may be an inflection of."""

from functools import lru_cache

# Base form: its irregular forms. Regular endings are taken off by rule.
_IRREGULAR = """
be: am is are was were been being i'm it's he's she's we're you're they're that's there's what's
have: has had having
do: does did done
go: goes went gone
say: said
see: saw seen
come: came
become: became
get: got gotten
give: gave given
take: took taken
make: made
know: knew known
think: thought
tell: told
find: found
leave: left
feel: felt
keep: kept
let: lets
begin: began begun
begin: beginning
bring: brought
buy: bought
sell: sold
teach: taught
catch: caught
fight: fought
seek: sought
hold: held
hear: heard
mean: meant
meet: met
pay: paid
lay: laid
lie: lay lain lying
die: dying
tie: tying
sit: sat
stand: stood
understand: understood
lose: lost
win: won
send: sent
spend: spent
lend: lent
bend: bent
build: built
sleep: slept
sweep: swept
weep: wept
deal: dealt
dream: dreamt
learn: learnt
burn: burnt
spell: spelt
smell: smelt
spill: spilt
spoil: spoilt
run: ran
swim: swam swum
sing: sang sung
ring: rang rung
drink: drank drunk
sink: sank sunk
shrink: shrank shrunk
stink: stank stunk
eat: ate eaten
fall: fell fallen
fly: flew flown flies
draw: drew drawn
grow: grew grown
throw: threw thrown
blow: blew blown
show: showed shown
write: wrote written
ride: rode ridden
drive: drove driven
rise: rose risen
arise: arose arisen
speak: spoke spoken
break: broke broken
steal: stole stolen
freeze: froze frozen
choose: chose chosen
wake: woke woken
wear: wore worn
tear: tore torn
bear: bore born borne
swear: swore sworn
forget: forgot forgotten
forgive: forgave forgiven
hide: hid hidden
bite: bit bitten
shake: shook shaken
mistake: mistook mistaken
beat: beaten
hang: hung
dig: dug
stick: stuck
strike: struck
swing: swung
sting: stung
spin: spun
shine: shone
shoot: shot
lead: led
feed: fed
bleed: bled
breed: bred
speed: sped
read: read
slide: slid
light: lit
bind: bound
wind: wound
grind: ground
lean: leant
leap: leapt
creep: crept
sew: sewn
sow: sown
prove: proven
swell: swollen
can: could can't cannot couldn't
will: would won't wouldn't
shall: should shouldn't
may: might
not: don't doesn't didn't isn't aren't wasn't weren't haven't hasn't hadn't won't wouldn't can't
not: cannot couldn't shouldn't mustn't needn't ain't
do: don't doesn't didn't
i: i'm i'll i'd i've
you: you're you'll you'd you've
he: he's he'll he'd
she: she's she'll she'd
it: it's it'll
we: we're we'll we'd we've
they: they're they'll they'd they've
that: that's
there: there's
what: what's
who: who's
where: where's
how: how's
us: let's
let: let's
man: men
woman: women
child: children
person: people
foot: feet
tooth: teeth
goose: geese
mouse: mice
ox: oxen
life: lives
wife: wives
knife: knives
leaf: leaves
half: halves
shelf: shelves
self: selves
thief: thieves
wolf: wolves
loaf: loaves
scarf: scarves
calf: calves
potato: potatoes
tomato: tomatoes
hero: heroes
analysis: analyses
crisis: crises
basis: bases
thesis: theses
criterion: criteria
phenomenon: phenomena
datum: data
medium: media
good: better best
well: better best
bad: worse worst
far: farther further farthest furthest
little: less least
many: more most
much: more most
old: elder eldest
late: latter
colour: color colors colored
"""
# Words that only look inflected.
_WHOLE_TEXT = """
a i as is us this was has his its yes bus gas plus thus news goods always perhaps series
species physics maths mathematics economics politics lens lends christmas canvas focus campus
virus status bonus census chaos tennis basis analysis crisis thesis less unless else thing
nothing something anything everything morning evening during king ring sing wing spring string
bring sling ceiling sibling pudding darling duckling shilling sterling viking wedding red bed
shed need feed seed speed weed deed bleed breed indeed hundred sacred naked wicked kindred
embed led fed wed ted only early family july italy reply apply supply fly ally rally lily
jelly belly bully silly ugly holy hardly lately nearly shortly barely assembly monopoly
anomaly supply multiply comply
"""
_WHOLE = frozenset(_WHOLE_TEXT.split())
# Only these are compared by -er and -est: teacher, paper and corner are not.
_GRADED_TEXT = """
big small large little long short tall high low old young new late early fast slow quick hot
cold warm cool wet dry hard soft heavy light dark bright cheap dear rich poor strong weak
clean dirty happy sad angry hungry thirsty easy busy noisy quiet loud near close deep shallow
wide narrow thick thin fat full empty fresh safe dangerous nice kind smart clever wise stupid
silly funny pretty ugly cute sweet sour bitter spicy salty tasty healthy sick ill lucky crazy
lazy tired great fine rare strange simple smooth rough sharp flat tight loose tough gentle
friendly lovely lonely early few brave calm proud polite rude mean fair strict serious sunny
cloudy windy rainy foggy humid dry tiny huge broad mild harsh steep blunt bold black white red
green blue grey gray pale plain clear sure true real
"""
_GRADED = frozenset(_GRADED_TEXT.split())
_VOWELS = frozenset("aeiouy")


def _irregular() -> dict[str, tuple[str, ...]]:
    """Return the base forms of every irregular form."""
    found: dict[str, tuple[str, ...]] = {}
    for line in _IRREGULAR.strip().splitlines():
        base, _, forms = line.partition(":")
        for form in forms.split():
            if form != base:
                found[form] = (*found.get(form, ()), base)
    return found


IRREGULAR = _irregular()


@lru_cache(maxsize=2**16)
def base_forms(word: str) -> tuple[str, ...]:
    """Return a word and the forms it may be an inflection of, in lower case.

    A rule may be mistaken (`species` is no plural): what it makes is a key to look up, and
    seldom a word that was meant elsewhere.

    >>> base_forms("cities"), base_forms("stopping"), base_forms("rose")
    (('cities', 'city', 'citie'), ('stopping', 'stop', 'stopp', 'stoppe'), ('rose', 'rise'))
    >>> base_forms("news"), base_forms("teacher"), base_forms("bigger")
    (('news',), ('teacher',), ('bigger', 'big', 'bigg', 'bigge'))
    """
    forms = [word, *IRREGULAR.get(word, ())]
    if word not in _WHOLE:
        forms += _without_ending(word)
    return tuple(dict.fromkeys(forms))


def _without_ending(word: str) -> list[str]:
    """Take a regular ending off; several stems where spelling leaves a choice."""
    if "'" in word:
        stem, _, ending = word.partition("'")
        return [stem] if ending in ("s", "") else []
    if word.endswith("s") and not word.endswith(("ss", "us", "is")) and len(word) > 3:
        return _without_s(word)
    if word.endswith("ies") and len(word) > 4:
        return [word[:-3] + "y"]
    if word.endswith("ied") and len(word) > 4:
        return [word[:-3] + "y"]
    if word.endswith("ed"):
        return _stems(word[:-2])
    if word.endswith("ing"):
        return _stems(word[:-3])
    if word.endswith("ly") and len(word) > 5:
        return _without_ly(word)
    for ending in ("er", "est"):
        if word.endswith(ending):
            return _graded(word[: -len(ending)])
    return []


def _without_s(word: str) -> list[str]:
    """Return the singular of a plural, or the plain form of a verb.

    >>> _without_s("boxes"), _without_s("houses"), _without_s("cities")
    (['box', 'boxe'], ['house', 'hous'], ['city', 'citie'])
    """
    if word.endswith("ies") and len(word) > 4:
        return [word[:-3] + "y", word[:-1]]
    if word.endswith(("xes", "ches", "shes", "sses", "zes", "oes")):
        return [word[:-2], word[:-1]]
    if word.endswith("ses"):
        return [word[:-1], word[:-2]]
    return [word[:-1]]


def _stems(stem: str) -> list[str]:
    """Return what a word may be without -ed or -ing: single, doubled, or with an e.

    >>> _stems("stopp"), _stems("mak"), _stems("go")
    (['stop', 'stopp', 'stoppe'], ['mak', 'make'], ['go', 'goe'])
    """
    if len(stem) < 2 or _VOWELS.isdisjoint(stem):
        return []
    doubled = len(stem) > 2 and stem[-1] == stem[-2] and stem[-1] not in _VOWELS
    return [stem[:-1]] * doubled + [stem, stem + "e"]


def _graded(stem: str) -> list[str]:
    """Return the adjective that was compared, if it is one."""
    stems = _stems(stem) + ([stem[:-1] + "y"] if stem.endswith("i") else [])
    return stems if any(each in _GRADED for each in stems) else []


def _without_ly(word: str) -> list[str]:
    """Return the adjective of an adverb.

    >>> _without_ly("easily"), _without_ly("simply"), _without_ly("quickly")
    (['easi', 'easy'], ['simp', 'simple'], ['quick'])
    """
    stem = word[:-2]
    if stem.endswith("i"):
        return [stem, stem[:-1] + "y"]
    return [stem, word[:-1] + "e"] if stem.endswith(("p", "b")) else [stem]
