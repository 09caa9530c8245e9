// An invitation: the code typed, or in the fragment of a link or of a picture that was scanned
// (`/app/#invitation=CODE`): a fragment never reaches a server, its log, or a mail scanner.
import {accept} from "../api.js";
import {button, el, go} from "../dom.js";
import {kept} from "../store.js";
import {sync} from "../sync.js";
import {words} from "../words.js";

const WHY = {409: "code_wrong", 403: "for_patients", 422: "code_wrong"};

export async function welcomeScreen({invitation}) {
  const problem = el("p", {role: "alert"});
  const code = el("input", {
    id: "code", type: "text", autocomplete: "off", autocapitalize: "none", spellcheck: "false",
    value: invitation || (await kept.get("code")) || "",
  });
  const begin = button(words.begin, async () => {
    begin.disabled = true;
    const reply = await accept(code.value.trim());
    begin.disabled = false;
    if (reply?.status !== 201) return problem.textContent = words[WHY[reply?.status] ?? "no_answer"];
    if (reply.another) return location.replace(location.pathname); // nothing of the other is left in memory
    navigator.storage?.persist?.(); // or a browser that is short of space may drop what is not sent
    go("#today");
    return sync({now: true});
  });
  return [
    el("h1", {tabindex: "-1"}, words.welcome),
    el("p", {}, words.welcome_text),
    el("label", {for: "code"}, words.code), code,
    problem, begin,
  ];
}
