"use strict";
(() => {
  const byId = (id) => document.getElementById(id);
  const section = (path, method, about, origin) => {
    const box = made("section");
    const title = made("h2");
    title.append(made("code", `${method.toUpperCase()} ${path}`));
    box.append(title, made("p", about.summary));
    if (about.description) box.append(made("p", about.description, { class: "hint" }));
    const example = about.requestBody?.content["application/json"].example;
    if (example !== undefined) {
      const body = JSON.stringify(example).replaceAll("'", "'\\''");
      box.append(made("pre", `curl ${origin}${path} \\\n  -H 'Content-Type: application/json' \\\n  -d '${body}'`));
    }
    const answers = made("ul");
    for (const [status, told] of Object.entries(about.responses)) answers.append(made("li", `${status}: ${told.description}`));
    box.append(answers);
    return box;
  };

  asking.begin(async () => {
    const told = await asking.ask("/openapi.json");
    if (!told || told.refused) return;
    byId("name").textContent = told.info.title;
    byId("about").textContent = `version ${told.info.version}`;
    byId("lead").textContent = told.info.description;
    byId("paths").replaceChildren(...Object.entries(told.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, about]) => section(path, method, about, location.origin))));
    document.documentElement.dataset.ready = "true";
  });
})();
