/** A day of a phone and of a clinician against a running server, in the types of its document. */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { createInterlude, type Pair, type Schemas } from "./client.js";

const baseUrl = process.env["INTERLUDE_URL"] ?? "http://127.0.0.1:8000";
const admin = device({ access_token: process.env["ADMIN_TOKEN"] ?? "", refresh_token: "" });

function device(pair?: Pair) {
  let kept = pair;
  const keeper = {
    read: async () => kept,
    write: async (newest: Pair) => void (kept = newest),
  };
  return { keeper, api: createInterlude(baseUrl, keeper) };
}

type Device = ReturnType<typeof device>;

async function invited(by: Device, role: Schemas["InvitationIn"]["roles"][number]): Promise<Device> {
  const email = `${role}-${randomUUID()}@example.org`;
  const invitation = await by.api.POST("/v1/invitations", {
    body: { email, name: "Ada Example", roles: [role] },
  });
  assert(invitation.data, JSON.stringify(invitation.error));
  const made = device();
  const accepted = await made.api.POST("/v1/invitations/accept", {
    body: { code: invitation.data.code, password: `quagga ${email}`, device_id: randomUUID() },
  });
  assert(accepted.data, JSON.stringify(accepted.error));
  await made.keeper.write(accepted.data);
  return made;
}

function form(item9: number): Schemas["CheckInIn"] {
  const links = ["q1", "q2", "q3", "q4", "q5", "q6", "q7", "q8"];
  const answers: Schemas["CheckInIn"]["answers"] = { q9: item9 };
  for (const link of links) answers[link] = 1;
  return { id: randomUUID(), instrument: "phq9", answers, recorded_at: new Date().toISOString() };
}

async function plainAnswer(phone: Device): Promise<Schemas["CheckInIn"]> {
  const body = form(0);
  const first = await phone.api.POST("/v1/check-ins", { body });
  assert.equal(first.response.status, 201);
  assert(first.data && "score" in first.data);
  assert.equal(first.data.score.total, 8);
  assert.equal(first.data.safety, null);
  const again = await phone.api.POST("/v1/check-ins", { body });
  assert.equal(again.response.status, 200);
  assert.deepEqual(again.data, first.data);
  return body;
}

async function riskyAnswer(phone: Device): Promise<Schemas["SafetyOut"]> {
  const { data } = await phone.api.POST("/v1/check-ins", { body: form(3) });
  assert(data?.safety);
  const card: Schemas["SafetyOut"] = data.safety;
  assert.equal(card.level, "crisis");
  assert(card.resources.some((one) => one.phone));
  return card;
}

async function typedRefusals(phone: Device, known: Schemas["CheckInIn"]): Promise<void> {
  const body = { ...known, answers: { ...known.answers, q1: 2 } };
  const { error } = await phone.api.POST("/v1/check-ins", { body });
  assert(error?.code === "content_conflict");
  assert(error.stored && "answers" in error.stored);
  assert.equal(error.stored.answers["q1"], 1);
  const unreadable = { ...form(0), answers: { q1: 99 } };
  const wrong = await phone.api.POST("/v1/check-ins", { body: unreadable });
  assert(wrong.error?.code === "validation_failed");
  assert.deepEqual(Object.keys(wrong.error.errors ?? {}), ["answers.q1"]);
}

async function outbox(phone: Device): Promise<number> {
  const original = form(1);
  const now = new Date().toISOString();
  const items: Schemas["SyncIn"]["items"] = [
    { type: "check_in_amendment", id: randomUUID(), of: original.id, reason: "slip", answers: form(0).answers },
    { type: "check_in", ...original },
    { type: "side_effects", id: randomUUID(), recorded_at: now, effects: [{ code: "nausea", grade: 1 }] },
    { type: "check_in", ...form(0), answers: { q1: 99 } },
    { type: "help_request", id: randomUUID(), recorded_at: now },
  ];
  const { data } = await phone.api.POST("/v1/sync", { body: { items } });
  assert(data);
  let stored = 0;
  for (const [place, result] of data.results.entries()) {
    assert.equal(result.id, items[place]?.id);
    if ("problem" in result) {
      assert.equal(result.problem.code, "validation_failed");
      continue;
    }
    stored += 1;
    if (result.type === "side_effects" && "effects" in result.record) {
      assert.equal(result.record.effects[0]?.code, "nausea");
    }
    if (result.type === "help_request") assert(result.record.safety);
  }
  assert.equal(stored, 4);
  return stored;
}

async function copyFromZero(phone: Device): Promise<Map<string, string>> {
  const copy = new Map<string, string>();
  let cursor: string | undefined;
  for (;;) {
    const query = cursor === undefined ? { limit: 2 } : { limit: 2, cursor };
    const { data } = await phone.api.GET("/v1/changes", { params: { query } });
    assert(data);
    for (const change of data.items) {
      if (change.op === "delete") copy.delete(change.id);
      else copy.set(change.id, change.kind === "check_in" ? change.record.instrument : change.kind);
    }
    cursor = data.next_cursor;
    if (data.items.length === 0) return copy;
  }
}

async function acknowledged(clinician: Device): Promise<void> {
  const query = { status: "triggered", severity: "critical" } as const;
  const { data } = await clinician.api.GET("/v1/alerts", { params: { query } });
  const alert = data?.items.find((one) => one.family === "suicide_risk");
  assert(alert);
  const path = { alert_id: alert.id };
  const taken = await clinician.api.POST("/v1/alerts/{alert_id}/acknowledge", { params: { path } });
  assert.equal(taken.data?.status, "acknowledged");
  assert.equal(taken.data.evidence?.item9, 3);
}

async function refreshed(phone: Device): Promise<void> {
  const before = await phone.keeper.read();
  assert(before);
  await phone.keeper.write({ ...before, access_token: "e30.e30.e30" });
  const { data } = await phone.api.GET("/v1/me");
  assert.deepEqual(data?.roles, ["patient"]);
  assert.notEqual((await phone.keeper.read())?.refresh_token, before.refresh_token);
}

const clinician = await invited(admin, "clinician");
const phone = await invited(clinician, "patient");
const body = await plainAnswer(phone);
const card = await riskyAnswer(phone);
await typedRefusals(phone, body);
const stored = await outbox(phone);
const copy = await copyFromZero(phone);
// Two check-ins, and of the outbox an amended one, a report and a help request.
assert.equal(copy.size, 5);
await acknowledged(clinician);
await refreshed(phone);
console.log(`two accounts, ${stored} of 5 items of an outbox stored, ${copy.size} entries copied,`);
console.log(`a card with ${card.resources.length} ways to get help, an alert acknowledged`);
