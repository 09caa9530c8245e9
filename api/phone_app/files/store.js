// All that the phone keeps, in IndexedDB:
//   outbox  entries on their way, oldest first; one leaves when the server has it and the copy does
//   copy    the server's records, as /v1/changes gives them and nothing else
//   kept    single values: tokens, device_id, bootstrap, codes, cursor, trends, drafts
// Tokens are here and not in a cookie, because the API takes none, and not in memory alone, because an
// invitation works once: who loses them needs a new one. No foreign script can run on this page (CSP
// 'self', textContent only), and logging out deletes the whole database.
const NAME = "interlude";
let opened = null;

export function open() {
  opened ??= new Promise((done, failed) => {
    const asked = indexedDB.open(NAME, 1);
    asked.onupgradeneeded = () => {
      asked.result.createObjectStore("outbox", {keyPath: "seq", autoIncrement: true})
        .createIndex("id", "id", {unique: true});
      asked.result.createObjectStore("copy", {keyPath: "id"});
      asked.result.createObjectStore("kept");
    };
    asked.onsuccess = () => {
      // Another tab logs out: this one has nothing to show any more.
      asked.result.onversionchange = () => { asked.result.close(); location.reload(); };
      done(asked.result);
    };
    asked.onerror = () => failed(asked.error);
  });
  return opened;
}

// One transaction, which is on disk when this returns. `work` gets a store by its name.
async function write(names, work) {
  const transaction = (await open()).transaction(names, "readwrite", {durability: "strict"});
  return new Promise((done, failed) => {
    transaction.oncomplete = () => done();
    transaction.onabort = transaction.onerror = () => failed(transaction.error);
    work((name) => transaction.objectStore(name));
  });
}

async function read(name, ask) {
  const store = (await open()).transaction(name).objectStore(name);
  return new Promise((done, failed) => {
    const asked = ask(store);
    asked.onsuccess = () => done(asked.result);
    asked.onerror = () => failed(asked.error);
  });
}

export const kept = {
  get: (key) => read("kept", (store) => store.get(key)),
  put: (values) => write(["kept"], (store) => {
    for (const [key, value] of Object.entries(values)) store("kept").put(value, key);
  }),
  remove: (...keys) => write(["kept"], (store) => keys.forEach((key) => store("kept").delete(key))),
};

// Perhaps the server has it, perhaps not. "stored": it has, and /v1/changes will bring it; "refused": never.
export const isUnsent = ({state}) => state === "waiting" || state === "sent";

export const outbox = {
  all: () => read("outbox", (store) => store.getAll()),
  // Of the patient who is logged in. What another one wrote on this phone waits until they are back.
  own: async () => {
    const owner = await kept.get("patient_id");
    return (await outbox.all()).filter((row) => row.owner === owner);
  },
  find: async (id) => read("outbox", (store) => store.index("id").get(id)),
  // With what goes with it: the draft that it was, or that it came from.
  put: (row, values = {}, gone = []) => write(["outbox", "kept"], (store) => {
    store("outbox").put(row);
    for (const [key, value] of Object.entries(values)) store("kept").put(value, key);
    gone.forEach((key) => store("kept").delete(key));
  }),
  change: (rows, changed) => write(["outbox"], (store) => {
    for (const row of rows) store("outbox").put({...row, ...changed(row)});
  }),
};

export const copy = {
  all: () => read("copy", (store) => store.getAll()),
  find: (id) => read("copy", (store) => store.get(id)),
  // A page of changes and where it ends, and of the outbox what the copy has with it: all or nothing.
  apply: (page, had = []) => write(["copy", "kept", "outbox"], (store) => {
    for (const one of page.items) {
      if (one.op === "delete") store("copy").delete(one.id);
      else store("copy").put({id: one.id, kind: one.kind, record: one.record});
    }
    store("kept").put(page.next_cursor, "cursor");
    had.forEach((row) => store("outbox").delete(row.seq));
  }),
  forget: () => write(["copy", "kept"], (store) => {
    store("copy").clear();
    store("kept").delete("cursor");
  }),
};

// Another patient on the same phone sees nothing of the one before, in any tab. `values`: their own.
const tabs = new BroadcastChannel("interlude-patient");
tabs.onmessage = () => location.replace(location.pathname);
export async function changePatient(values) {
  await write(["copy", "kept"], (store) => {
    store("copy").clear();
    store("kept").clear();
    for (const [key, value] of Object.entries(values)) store("kept").put(value, key);
  });
  tabs.postMessage("changed");
}

export async function wipe() {
  if (opened) (await opened).close();
  opened = null;
  return new Promise((done, failed) => {
    const asked = indexedDB.deleteDatabase(NAME);
    asked.onsuccess = () => done();
    asked.onerror = () => failed(asked.error);
  });
}
