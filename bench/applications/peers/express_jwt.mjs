// Express with a JSON Web Token in an httpOnly cookie, and a look-up of the user at each request.
//
// The stack of many articles: who comes back from the provider is upserted together with the provider's token and gets
// a JWT; a middleware verifies the JWT and looks for that user among those who are signed in; sign-out deletes the
// cookie and forgets the provider's token. The provider's part, the callback, is played by POST /login.
// Arguments: port, database file, secret, and "key-object" to hand it to jsonwebtoken as a key that was made once.

import { createServer } from "node:http";
import { createSecretKey, randomBytes } from "node:crypto";
import Database from "better-sqlite3";
import cookieParser from "cookie-parser";
import express from "express";
import jwt from "jsonwebtoken";

const [port, file, text, option] = process.argv.slice(2);
const secret = option === "key-object" ? createSecretKey(text, "utf8") : text;
const ANSWER = { doors: "open" };
const LIFETIME = 24 * 3600; // seconds

const database = new Database(file);
database.pragma("journal_mode = WAL");
database.exec("CREATE TABLE IF NOT EXISTS users (id TEXT PRIMARY KEY, name TEXT, provider_token TEXT)");
const upsert = database.prepare(
  "INSERT INTO users VALUES ($name, $name, $token) ON CONFLICT (id) DO UPDATE SET provider_token = $token",
);
const signedIn = database.prepare("SELECT id, name FROM users WHERE id = ? AND provider_token IS NOT NULL");
const forget = database.prepare("UPDATE users SET provider_token = NULL WHERE id = ?");

function checkAuthorization(request, response, next) {
  let claims;
  try {
    claims = jwt.verify(request.cookies.token, secret, { algorithms: ["HS256"] });
  } catch {
    return response.clearCookie("token").status(401).json({ error: "not authorized" });
  }
  request.user = signedIn.get(claims.sub);
  if (!request.user) return response.status(401).json({ error: "not currently logged in" });
  next();
}

const bare = express();
bare.get("/bare", (_, response) => response.json(ANSWER));

const app = express();
app.use(cookieParser());
app.get("/protected", checkAuthorization, (_, response) => response.json(ANSWER));
app.post("/login", express.json(), (request, response) => {
  upsert.run({ name: request.body.name, token: randomBytes(24).toString("hex") });
  const token = jwt.sign({ sub: request.body.name }, secret, { expiresIn: LIFETIME });
  response.cookie("token", token, { httpOnly: true, secure: true, sameSite: "lax" }).json({ signedIn: true });
});
app.post("/logout", checkAuthorization, (request, response) => {
  forget.run(request.user.id);
  response.clearCookie("token").json({ signedIn: false });
});

createServer((request, response) => (request.url === "/bare" ? bare : app)(request, response)).listen(
  Number(port),
  "127.0.0.1",
);
