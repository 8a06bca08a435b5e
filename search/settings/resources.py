"""`resources`: what a trial needs, and the rules by which other configs need something else."""

from __future__ import annotations

from search.resources import ResourceRule, Resources
from search.settings.document import Document, KeyPath
from search.settings.sweep_file import ResourceRuleSection, ResourcesSection, SweepFile
from spaces import Constraint, Space
from spaces.domains import Domain
from spaces.errors import SpaceError

__all__ = ["resource_problems", "resources_of"]


def resources_of(section: ResourcesSection) -> Resources:
    """What the section says; a rule names only what is other than without it. Raises SpaceError: `resource_problems`."""
    rules = tuple(ResourceRule(Constraint(each.condition), _other(section, each)) for each in section.when)
    return Resources(section.cpu, section.gpu, dict(section.custom), section.memory, rules)


def resource_problems(file: SweepFile, document: Document, space: Space) -> list[str]:
    """What is wrong with the rules, one line each."""
    domains: dict[str, list[Domain]] = {}
    for parameter in space.parameters:
        domains.setdefault(parameter.name, []).append(parameter.domain)
    problems = []
    for index, rule in enumerate(file.resources.when):
        path: KeyPath = ("resources", "when", index)
        try:
            Constraint(rule.condition).check(domains)
        except SpaceError as error:
            said = str(error).removeprefix("constraint ")
            problems.append(document.problem((*path, "if"), said))
        if all(value is None for value in (rule.cpu, rule.gpu, rule.memory, rule.custom)):
            said = "says what then is needed by none of cpu, gpu, memory, custom; add one, for example cpu: 2"
            problems.append(document.problem(path, said))
    return problems


def _other(section: ResourcesSection, rule: ResourceRuleSection) -> Resources:
    return Resources(
        section.cpu if rule.cpu is None else rule.cpu,
        section.gpu if rule.gpu is None else rule.gpu,
        dict(section.custom if rule.custom is None else rule.custom),
        section.memory if rule.memory is None else rule.memory,
    )
