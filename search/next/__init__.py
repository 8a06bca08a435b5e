"""The next sweep: what the checks of a run ask for, made into a file, each change with its evidence.

Contents:
    proposal    propose(run) -> Proposal: the changes, the file's text, what to do where nothing is to be changed
    evidence    Evidence: what the rules may know of a run
    draft       Draft: the sweep file that they change; nothing stays in it that would not validate
    change      Change: what, and why
    ranges      bounds moved: outwards, off a failing region, onto the good trials (limits: where none may go)
    values      parameters fixed, choices dropped or given another hearing (choices: which are surely worse)
    training    steps, and when trials are stopped early
    budget      trials, method, confirmation
    places      relative paths, seen from where the file will lie
    text        the YAML with its comments
"""

from search.next.change import Change
from search.next.proposal import Proposal, propose

__all__ = ["Change", "Proposal", "propose"]
