"use strict";
/* Requests to this server, with the token where one is asked for; and elements made of text, never of markup. */
const made = (name, text, attributes = {}) => {
  const element = document.createElement(name);
  if (text !== undefined && text !== null) element.textContent = String(text);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
};

const asking = (() => {
  const problem = document.getElementById("problem");
  const form = document.getElementById("token-form");
  let token = sessionStorage.getItem("token");
  let then = () => {};

  const say = (text) => {
    problem.textContent = text;
    problem.hidden = !text;
  };

  const ask = async (path, body) => {
    say("");
    const headers = token ? { Authorization: `Bearer ${token}` } : {};
    const options = { headers, credentials: "omit" };
    if (body !== undefined) {
      options.method = "POST";
      options.body = JSON.stringify(body);
      headers["Content-Type"] = "application/json";
    }
    let answer;
    try {
      const response = await fetch(path, options);
      answer = await response.json();
      if (response.ok) return answer;
      if (response.status === 401) {
        form.hidden = false;
        say(token ? "The server does not know this token." : "The server asks for a token.");
        return null;
      }
    } catch {
      say("The server does not answer. Is it still running?");
      return null;
    }
    say(answer.error ? answer.error.rule : "The server could not answer.");
    return { refused: answer.error };
  };

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    token = document.getElementById("token").value.trim();
    sessionStorage.setItem("token", token);
    form.hidden = true;
    then();
  });

  return { ask, say, begin: (first) => { then = first; first(); } };
})();
