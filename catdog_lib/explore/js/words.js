// The reader's language: what an explorable says in English, and how the model has it translated.

let words = {}; // all explorables of a page speak one language

export function speak(model) {
  words = model.get("words") ?? {};
}

// A message with its fields filled in: say("{right} of {count} right.", { right, count }).
export function say(message, fields = {}) {
  const text = words[message] ?? message;
  return text.replace(/\{(\w+)\}/g, (field, name) => String(fields[name] ?? field));
}
