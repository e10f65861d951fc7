// better-auth on Express, as in its integration guide: its handler, and getSession in a middleware of the route.
// Arguments: port, database file, secret, and "cookie-cache" to switch that on as its page on sessions does.

import { createServer } from "node:http";
import { betterAuth } from "better-auth";
import { getMigrations } from "better-auth/db/migration";
import { fromNodeHeaders, toNodeHandler } from "better-auth/node";
import Database from "better-sqlite3";
import express from "express";

const [port, file, secret, option] = process.argv.slice(2);
const ANSWER = { doors: "open" };

const auth = betterAuth({
  database: new Database(file),
  secret,
  baseURL: `http://127.0.0.1:${port}`,
  emailAndPassword: { enabled: true },
  rateLimit: { enabled: false }, // in production three people in ten seconds may sign up
  telemetry: { enabled: false },
  ...(option === "cookie-cache" ? { session: { cookieCache: { enabled: true, maxAge: 5 * 60 } } } : {}),
});
await (await getMigrations(auth.options)).runMigrations();

async function signedIn(request, response, next) {
  const session = await auth.api.getSession({ headers: fromNodeHeaders(request.headers) });
  if (!session) return response.status(401).json({ error: "not signed in" });
  request.session = session;
  next();
}

const bare = express();
bare.get("/bare", (_, response) => response.json(ANSWER));

const app = express();
app.get("/protected", signedIn, (_, response) => response.json(ANSWER));
app.all("/api/auth/*splat", toNodeHandler(auth));

createServer((request, response) => (request.url === "/bare" ? bare : app)(request, response)).listen(
  Number(port),
  "127.0.0.1",
);
