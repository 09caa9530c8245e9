/** A client of Interlude: the calls of `/openapi.json`, a token on each, a fresh pair when needed. */
import createClient, { type Client, type Middleware } from "openapi-fetch";
import type { components, paths } from "./schema.js";

export type Schemas = components["schemas"];
export type Pair = Pick<Schemas["PairOut"], "access_token" | "refresh_token">;

export interface Keeper {
  /** The newest pair of this device; undefined before an invitation was accepted. */
  read(): Promise<Pair | undefined>;
  /** Must be on disk when it returns: the spent pair is worth nothing any more. */
  write(pair: Pair): Promise<void>;
}

const NEEDS_NO_TOKEN = new Set(["/v1/auth/login", "/v1/auth/refresh", "/v1/invitations/accept"]);

export function createInterlude(baseUrl: string, keeper: Keeper): Client<paths> {
  const client = createClient<paths>({ baseUrl });
  let refreshing: Promise<Pair | undefined> | undefined;

  /** One refresh at a time, whoever asks: a spent token that comes twice looks stolen. */
  const fresh = (): Promise<Pair | undefined> =>
    (refreshing ??= refresh(baseUrl, keeper).finally(() => (refreshing = undefined)));

  const unsent = new WeakMap<Request, Request>();
  const authenticate: Middleware = {
    async onRequest({ request, schemaPath }) {
      const pair = NEEDS_NO_TOKEN.has(schemaPath) ? undefined : await keeper.read();
      if (pair) request.headers.set("Authorization", `Bearer ${pair.access_token}`);
      request.headers.set("Interlude-Sent-At", new Date().toISOString());
      unsent.set(request, request.clone());
      return request;
    },
    // An answer goes out with an expired token too, which crisis routes take; only what was refused
    // is sent again.
    async onResponse({ request, response, schemaPath }) {
      const again = unsent.get(request);
      if (response.status !== 401 || NEEDS_NO_TOKEN.has(schemaPath) || !again) return undefined;
      // The answer at hand may hold the crisis card: a failure here must not take its place.
      const pair = await fresh().catch(() => undefined);
      if (!pair) return undefined;
      again.headers.set("Authorization", `Bearer ${pair.access_token}`);
      return fetch(again);
    },
  };
  client.use(authenticate);
  return client;
}

async function refresh(baseUrl: string, keeper: Keeper): Promise<Pair | undefined> {
  const spent = await keeper.read();
  if (!spent) return undefined;
  const headers = { Authorization: `Bearer ${spent.refresh_token}` };
  const { data } = await createClient<paths>({ baseUrl, headers }).POST("/v1/auth/refresh");
  if (data) await keeper.write(data);
  return data;
}
