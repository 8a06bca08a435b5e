"""A sweep on somebody else's cluster, by Ray's job submission: sent, followed, stopped, fetched.

- `client`: the job server; `package`: the folder that is sent; `request`: all that is sent; `identity`: whose sweep it is
- `probe` (with `probe_script`, which runs there), `checks`: whether the cluster can run it
- `submitting`: the start; `follow`, `copy`: the live view here, and the copy of the run
- `channel`: the lines by which a driver there tells its journal; `telling`, `onsite`: the driver's side
- `manifest`: the same as a RayJob for KubeRay

Importing this package imports none of them.
"""

from __future__ import annotations

__all__: list[str] = []
