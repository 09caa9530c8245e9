// Passkeys: a <button data-passkey> asks an authenticator and sends its form with the answer in the
// field `passkey`. What to ask stands in data-options, or is asked for at data-from; what went wrong
// is told in the form's [data-passkey-words], which says until then that this needs a script.
const bytes = (text) => Uint8Array.from(
  atob(text.replaceAll("-", "+").replaceAll("_", "/")), (sign) => sign.charCodeAt(0),
);
const base64url = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer)))
  .replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
const credential = (each) => ({...each, id: bytes(each.id)});

const ask = (asked) => {
  const challenge = bytes(asked.challenge);
  if (!asked.user) {
    const publicKey = {...asked, challenge, allowCredentials: asked.allowCredentials.map(credential)};
    return navigator.credentials.get({publicKey});
  }
  const excludeCredentials = asked.excludeCredentials.map(credential);
  const publicKey = {...asked, challenge, excludeCredentials, user: credential(asked.user)};
  return navigator.credentials.create({publicKey});
};
const PARTS = ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"];
const answerOf = ({id, rawId, type, response}) => {
  const parts = PARTS.filter((name) => response[name]).map((name) => [name, base64url(response[name])]);
  const transports = response.getTransports?.() ?? [];
  return {id, rawId: base64url(rawId), type, response: {...Object.fromEntries(parts), transports}};
};
const optionsOf = async ({dataset, form}) => {
  if (dataset.options) return JSON.parse(dataset.options);
  const body = new URLSearchParams({csrf: form.elements.csrf.value});
  const answer = await fetch(dataset.from, {method: "POST", body});
  if (!answer.ok) throw new Error(String(answer.status));
  return answer.json();
};

const press = async (button) => {
  const {form} = button, words = form.querySelector("[data-passkey-words]");
  // The other fields, but for the code that the passkey stands in for.
  const others = [...form.elements].filter((each) => each.name !== "totp");
  if (!others.every((each) => each.reportValidity())) return;
  button.disabled = true;
  words.textContent = "";
  try {
    form.elements.passkey.value = JSON.stringify(answerOf(await ask(await optionsOf(button))));
    form.submit();
  } catch {
    words.textContent = "No passkey was used. Try once more, or use a code.";
    button.disabled = false;
  }
};

for (const button of document.querySelectorAll("[data-passkey]")) {
  if (!window.PublicKeyCredential) continue;
  button.hidden = false;
  button.form.querySelector("[data-passkey-words]").textContent = "";
  button.addEventListener("click", () => press(button));
}
