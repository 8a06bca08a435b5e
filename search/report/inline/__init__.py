"""A run as a notebook shows it: verdict, figures and the first places as one small piece of HTML.

- `page`: puts it together.
- `chart`: figures as SVG, a few kilobytes each, in the page's own text colour.
"""

from search.report.inline.page import inline_html

__all__ = ["inline_html"]
