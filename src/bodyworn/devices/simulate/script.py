"""The world of the demonstration as data: who works where, and what was filmed.

Days count back from the day of the demonstration; clock times are UTC and stay as they are, so
that the first footage is always deleted in 19 days. A name of None is drawn from the seed. All
people, plates, places' numbers and events are invented.
"""

from dataclasses import dataclass

from bodyworn.core.terms import Role
from bodyworn.devices.simulate.nouns import DockStation, SceneKind, Unit

DAY_STREET, NIGHT_STREET = SceneKind.DAY_STREET, SceneKind.NIGHT_STREET
CUSTODY_DESK, HOME, VEHICLE_STOP = SceneKind.CUSTODY_DESK, SceneKind.HOME, SceneKind.VEHICLE_STOP

UNITS = (
    Unit(name="Lambeth A", borough="Lambeth"),
    Unit(name="Lambeth B", borough="Lambeth"),
    Unit(name="Lambeth CID", borough="Lambeth"),
    Unit(name="Camden A", borough="Camden"),
    Unit(name="Camden CID", borough="Camden"),
    Unit(name="Brent A", borough="Brent"),
    Unit(name="Brent CID", borough="Brent"),
)

DOCKS = (
    DockStation(name="BX-07", place="Brixton", borough="Lambeth", bays=8),
    DockStation(name="KT-02", place="Kentish Town", borough="Camden", bays=8),
    DockStation(name="WM-03", place="Wembley", borough="Brent", bays=6),
)

# collar number, rank, name, unit
OFFICERS = (
    ("4471QK", "PC", "A. Khan", "Lambeth B"),
    ("2210QK", "PC", None, "Lambeth B"),
    ("3305QK", "PC", None, "Lambeth B"),
    ("1187QK", "PC", None, "Lambeth A"),
    ("5120EK", "PC", None, "Camden A"),
    ("5133EK", "PC", None, "Camden A"),
    ("4902EK", "PC", None, "Camden A"),
    ("6204QD", "PC", None, "Brent A"),
    ("6219QD", "PC", None, "Brent A"),
)

# account, display, post, unit, role
STAFF = (
    ("okafor", "Sgt N. Okafor", "supervisor of team B", "Lambeth B", Role.SUPERVISOR),
    ("marsh", "Sgt T. Marsh", "supervisor", "Camden A", Role.SUPERVISOR),
    ("dhillon", "Sgt P. Dhillon", "supervisor", "Brent A", Role.SUPERVISOR),
    ("patel", "DC A. Patel", "investigator", "Lambeth CID", Role.INVESTIGATOR),
    ("novak", "DC J. Novak", "investigator", "Camden CID", Role.INVESTIGATOR),
    ("bailey", "DC R. Bailey", "investigator", "Brent CID", Role.INVESTIGATOR),
    ("wells", "Ms K. Wells", "system administrator", None, Role.ADMINISTRATOR),
    ("reid", "Ms S. Reid", "evidence manager", "Lambeth CID", None),
    ("osei", "Mr D. Osei", "evidence manager, second signature", "Lambeth CID", None),
    ("hall", "Insp C. Hall", "professional standards", None, None),
    ("lind", "Dr M. Lind", "researcher", None, None),
    ("farrow", "Mr G. Farrow", "fleet manager", None, None),
    ("adeyemi", "Ms B. Adeyemi", "programme office", None, None),
    ("costa", "Ms L. Costa", "co-chair of the scrutiny panel, Lambeth", None, None),
    ("member3", "Mr H. Yusuf", "member 3 of the scrutiny panel, Lambeth", None, None),
)

SURNAMES = (
    "Abara", "Ashworth", "Begum", "Brennan", "Castell", "Clarke", "Dawes", "Eze", "Fenwick",
    "Gill", "Hartley", "Iqbal", "Jarvis", "Kowalska", "Lawal", "Mistry", "Noonan", "Oduya",
    "Price", "Quaye", "Rahman", "Sutton", "Tierney", "Umar", "Vance", "Whitlock",
)  # fmt: skip

PROGRESSIVE, FRAGMENTED = "Sim One", "Sim Stream"

# serial, model, holder, dock, recordings made before those of this script
CAMERAS = (
    ("004471", PROGRESSIVE, "4471QK", "BX-07", 311),
    ("004478", PROGRESSIVE, "2210QK", "BX-07", 208),
    ("004480", PROGRESSIVE, "3305QK", "BX-07", 96),
    ("004475", PROGRESSIVE, "1187QK", "BX-07", 174),
    ("005120", FRAGMENTED, "5120EK", "KT-02", 57),
    ("005133", PROGRESSIVE, "5133EK", "KT-02", 143),
    ("004902", PROGRESSIVE, "4902EK", "KT-02", 22),
    ("006204", PROGRESSIVE, "6204QD", "WM-03", 65),
    ("006219", PROGRESSIVE, "6219QD", "WM-03", 118),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One recording as the script has it."""

    camera: str  # serial
    day: int  # days before the day of the demonstration, negative
    clock: str  # UTC, first frame
    seconds: int  # length
    scene: SceneKind
    title: str
    locality: str
    at: tuple[float, float]  # latitude and longitude, degrees
    incident: str  # those of one incident share people and cars
    reference: str | None = None  # the camera's short id; None is drawn
    plate: str | None = None  # None is drawn
    category: str | None = None  # chosen on the camera
    heading: float = 80.0  # degrees from north


BRIXTON, COLDHARBOUR = "Brixton, Lambeth", (51.46215, -0.11448)

RECORDINGS = (
    # PC 4471QK: three to tag.
    Line(camera="004471", day=-12, clock="14:22:10", seconds=40, scene=DAY_STREET,
         title="Lost child found, Dulwich Road", locality="Herne Hill, Lambeth",
         at=(51.45332, -0.10561), incident="lost child"),
    Line(camera="004471", day=-6, clock="18:55:33", seconds=38, scene=VEHICLE_STOP,
         title="Vehicle stop, Effra Road", locality=BRIXTON,
         at=(51.45781, -0.11402), incident="effra", heading=190.0),
    Line(camera="004471", day=-2, clock="22:41:07", seconds=48, scene=NIGHT_STREET,
         title="Stop and search, Coldharbour Lane", locality=BRIXTON, at=COLDHARBOUR,
         incident="coldharbour", reference="7F3A", plate="LX26 BWV", heading=62.0),
    # Three more cameras in Coldharbour Lane in the same half hour.
    Line(camera="004478", day=-2, clock="22:41:01", seconds=52, scene=NIGHT_STREET,
         title="Second officer at a stop, Coldharbour Lane", locality=BRIXTON,
         at=(51.46219, -0.11439), incident="coldharbour", plate="LX26 BWV", heading=66.0),
    Line(camera="004480", day=-2, clock="22:34:20", seconds=44, scene=VEHICLE_STOP,
         title="Vehicle stop, Coldharbour Lane", locality=BRIXTON,
         at=(51.46248, -0.11301), incident="coldharbour car", heading=70.0),
    Line(camera="004475", day=-2, clock="22:52:40", seconds=40, scene=NIGHT_STREET,
         title="Witness account, Coldharbour Lane", locality=BRIXTON,
         at=(51.46206, -0.11470), incident="coldharbour witness", heading=242.0),
    # The rest of Lambeth.
    Line(camera="004475", day=-1, clock="09:12:05", seconds=42, scene=CUSTODY_DESK,
         title="Detention authorised, Brixton custody", locality=BRIXTON,
         at=(51.46402, -0.11277), incident="custody one", category="Arrest"),
    Line(camera="004478", day=-3, clock="19:48:30", seconds=45, scene=HOME,
         title="Domestic call, Loughborough Road", locality="Loughborough Junction, Lambeth",
         at=(51.46790, -0.10702), incident="domestic one", category="Domestic abuse"),
    # Camden.
    Line(camera="005120", day=-4, clock="21:15:12", seconds=42, scene=NIGHT_STREET,
         title="Stop and search, Camden High Street", locality="Camden Town, Camden",
         at=(51.53877, -0.14241), incident="camden high street", category="Stop and search",
         heading=150.0),
    Line(camera="005133", day=-2, clock="13:02:44", seconds=40, scene=DAY_STREET,
         title="Road collision, Kentish Town Road", locality="Kentish Town, Camden",
         at=(51.54866, -0.14123), incident="collision", category="Traffic", heading=160.0),
    Line(camera="005120", day=-1, clock="11:30:09", seconds=38, scene=HOME,
         title="Concern for welfare, Torriano Avenue", locality="Kentish Town, Camden",
         at=(51.54911, -0.13402), incident="welfare"),
    # Brent.
    Line(camera="006204", day=-5, clock="10:45:50", seconds=40, scene=DAY_STREET,
         title="Shop theft, Wembley High Road", locality="Wembley, Brent",
         at=(51.55232, -0.29648), incident="shop theft", heading=110.0),
    Line(camera="006219", day=-3, clock="23:20:15", seconds=46, scene=VEHICLE_STOP,
         title="Vehicle stop, Harrow Road", locality="Wembley, Brent",
         at=(51.55107, -0.30211), incident="harrow road", category="Traffic", heading=275.0),
    Line(camera="006219", day=-1, clock="20:05:31", seconds=36, scene=CUSTODY_DESK,
         title="Property returned, Wembley custody", locality="Wembley, Brent",
         at=(51.55297, -0.29710), incident="custody two"),
)  # fmt: skip

# reference, day, clock, officer, what, street, borough, title of the recording or None
STOPS = (
    ("01/4412/26", -2, "22:41:30", "4471QK", "Stop and search", "Coldharbour Lane", "Lambeth",
     "Stop and search, Coldharbour Lane"),
    ("01/4397/26", -2, "22:34:40", "3305QK", "Vehicle stop", "Coldharbour Lane", "Lambeth",
     "Vehicle stop, Coldharbour Lane"),
    ("01/4288/26", -3, "19:20:00", "4471QK", "Stop and search", "Railton Road", "Lambeth", None),
    ("01/3904/26", -6, "18:56:00", "4471QK", "Vehicle stop", "Effra Road", "Lambeth",
     "Vehicle stop, Effra Road"),
    ("02/2871/26", -4, "21:15:40", "5120EK", "Stop and search", "Camden High Street", "Camden",
     "Stop and search, Camden High Street"),
    ("03/3120/26", -3, "23:20:50", "6219QD", "Vehicle stop", "Harrow Road", "Brent",
     "Vehicle stop, Harrow Road"),
)  # fmt: skip
