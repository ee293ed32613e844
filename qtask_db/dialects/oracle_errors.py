"""The kinds of Oracle's errors, by number (ORA-) and, of the driver's own, by text (DPY-)."""

from __future__ import annotations

import re

NETWORK = range(12150, 12700)
"""Of Oracle Net: all of them mean that there is no connection, but for a few below."""
UNAVAILABLE = {
    18, 19, 20, 55, 2391,  # too many sessions, processes, locks
    22, 28, 31, 41, 45, 1012, 1041, 2392, 2394, 2396, 2397, 2399,  # killed or logged off
    40, 51, 1013, 2393, 2395, 7454, 7455,  # cancelled, or by a limit of the server's
    1014, 1033, 1034, 1035, 1043, 1089, 1090, 1092, 1109, 1219,  # starting, stopping, restricted
    257, 1652, 4030, 4031, 30036,  # no room to archive, to sort, in memory, to undo: for a while
    376, 378, 602, 603, 609, 1115,  # files or processes of the server have failed
    3111, 3113, 3114, 3122, 3135, 3136, 27146, 28511, 28547, 28864, 28865, 56600,  # connection
    16000, 16456,  # read-only: a switchover has moved the primary away
    *range(25400, 25410), 25425,  # failover
    "DPY-1001", "DPY-1002", "DPY-4005", "DPY-4011", "DPY-4024", "DPY-4033", "DPY-4035",
    "DPY-5005", "DPY-5011",
}  # fmt: skip
CONFLICT = {
    54, 1591, 2049, 30006,  # locked by another session; 1591: by one that is in doubt
    60, 99, 104, 4027, 12860,  # deadlock
    1555,  # the undo of an old snapshot is gone
    4020, 4021, 14403, 14411,  # the package, or a table, is being changed
    4061, 4065, 4068,  # it has been; the next call sees the new one
    8176, 8177, 8179,  # read consistency
    63300, 63302,  # rolled back for a transaction of a higher priority
}  # fmt: skip
DENIED = {
    1004, 1005, 1017, 1031, 1039, 1045, 1720, 41900,
    1536, 1950,  # no quota
    12506, 12529,  # the listener's lists
    28000, 28001, 28003, 28009, 28040, 28150,
    47305, 47400, 47401,  # Database Vault
    "DPY-2033", "DPY-3015", "DPY-4001",
}  # fmt: skip
NOT_INSTALLED = {942, 980, 1775, 2289, 4043, 4063, 4064, 4067, 6508}
ARGUMENT = {
    1426, 1438, 1455, 1460, 1461, 1483, 1722, 6502, 12704, 12899, 22835, 29275,
    "DPY-3002", "DPY-4003",
}  # fmt: skip
CONFIGURATION = {
    12154, 12504,
    "DPY-2018", "DPY-2025", "DPY-2029", "DPY-2031", "DPY-2034", "DPY-2049", "DPY-2056", "DPY-2057",
    "DPY-2058", "DPY-2059", "DPY-3010", "DPY-3012", "DPY-3016", "DPY-3029", "DPY-3040", "DPY-4000",
    "DPY-4017", "DPY-4018", "DPY-4021", "DPY-4022", "DPY-4026", "DPY-4027", "DPY-4028", "DPY-4030",
    "DPY-4032", "DPY-4034",
    "DPY-6002", "DPY-6006",  # the server's certificate is for another name
}  # fmt: skip
COMPILATION = 6550
# Not declared; of another shape than this version calls; invalid.
OTHER_PACKAGE = re.compile(r"PLS-00(201|302|306|904|905)")
