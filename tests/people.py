"""The people of the tests, and why each may do what.

Alice is a response officer and sees what her own camera saw. Bob, her sergeant, sees what his unit
recorded. Carol prepares disclosure in Lambeth. Dan works for professional standards elsewhere.
Erin, of the public, and Mallory may see nothing.
"""

from bodyworn.core.terms import Role
from bodyworn.core.types import Actor

ALICE = Actor(
    name="4471QK",
    roles=frozenset({Role.OFFICER}),
    officer="4471QK",
    unit="Lambeth B",
    borough="Lambeth",
    display="PC A. Khan",
)
BOB = Actor(
    name="bob",
    roles=frozenset({Role.SUPERVISOR}),
    unit="Lambeth B",
    borough="Lambeth",
    display="PS B. Okafor",
)
CAROL = Actor(
    name="carol",
    roles=frozenset({Role.INVESTIGATOR}),
    unit="Lambeth CID",
    borough="Lambeth",
    display="DC C. Patel",
)
DAN = Actor(
    name="dan",
    roles=frozenset({Role.INVESTIGATOR}),
    unit="Standards",
    borough="Camden",
    display="DI D. Reid",
)
ADMINISTRATOR = Actor(
    name="frances", roles=frozenset({Role.ADMINISTRATOR}), display="F. Byrne, systems"
)
ERIN = Actor(name="erin")
MALLORY = Actor(name="mallory")
