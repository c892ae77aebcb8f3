"use strict";
// The portal of one organisation: its snapshots, what is in them, and what differs between two of them.
// The link's token is in the fragment, which no server sees; the session's is kept by this page alone and ends with it.
// Whatever comes from the directory is set as text, never as markup.

const at = (id) => document.getElementById(id);
const time = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
let session = null;
let newest = null;
let older = null;
let searches = 0;
// So many objects of a search are shown.
const SHOWN = 50;

function node(tag, text, className) {
  const made = document.createElement(tag);
  if (text !== undefined && text !== null) made.textContent = text;
  if (className) made.className = className;
  return made;
}

function row(cells) {
  const made = node("tr");
  for (const cell of cells) made.append(cell instanceof Node ? cell : node("td", cell));
  return made;
}

function tell(text, failed) {
  at("told").textContent = text;
  at("told").className = failed ? "failed" : "";
}

async function call(method, path, body) {
  const headers = {};
  if (session) headers.authorization = `Bearer ${session.token}`;
  if (body !== undefined) headers["content-type"] = "application/json";
  if (method === "POST" && session) headers["idempotency-key"] = crypto.randomUUID();
  const reply = await fetch(path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
  const read = await reply.json().catch(() => ({}));
  if (!reply.ok) throw new Error(read.detail || read.title || `The answer was ${reply.status}.`);
  return read;
}

const own = (path) => `/v1/organisations/${session.organisation}${path}`;

function choice(name, id, usable) {
  const cell = node("td");
  const input = node("input");
  Object.assign(input, { type: "radio", name, value: id, disabled: !usable, ariaLabel: name });
  input.addEventListener("change", () => { at("compare").disabled = !chosen("before") || !chosen("after"); });
  cell.append(input);
  return cell;
}

const chosen = (name) => document.querySelector(`input[name=${name}]:checked`)?.value;

async function snapshots() {
  const page = await call("GET", own(`/snapshots?limit=25${older ? `&cursor=${encodeURIComponent(older)}` : ""}`));
  for (const snapshot of page.items) {
    const sealed = snapshot.state === "done";
    if (sealed && !newest) newest = snapshot.id;
    const objects = Object.values(snapshot.counts).reduce((sum, count) => sum + count.records, 0);
    at("snapshots").append(row([
      time.format(new Date(snapshot.sealedAt || snapshot.requestedAt)),
      node("td", snapshot.error ? `${snapshot.state}: ${snapshot.error}` : snapshot.state, sealed ? "" : "failed"),
      sealed ? objects.toLocaleString() : "",
      snapshot.notCovered.map((missing) => `${missing.source}: ${missing.why}`).join("\n"),
      choice("before", snapshot.id, sealed),
      choice("after", snapshot.id, sealed),
    ]));
  }
  older = page.next;
  at("more").hidden = !older;
}

function show(title, ...what) {
  at("title").textContent = title;
  at("shown").replaceChildren(...what);
}

function table(head, rows) {
  const made = node("table");
  made.append(row(head.map((text) => node("th", text))), ...rows);
  return made;
}

const written = (value) => (typeof value === "string" ? value : JSON.stringify(value, null, 1));

// A search may take several requests, each of which may find nothing. Only `complete` says that there is no more.
async function search(name) {
  const mine = ++searches;
  const items = [];
  let page = { next: null };
  do {
    const query = new URLSearchParams({ name, limit: String(SHOWN - items.length) });
    if (page.next) query.set("cursor", page.next);
    page = await call("GET", own(`/snapshots/${newest}/objects?${query}`));
    if (mine !== searches) return;
    items.push(...page.items);
    tell(`${items.length} found, looking further…`);
  } while (!page.complete && items.length < SHOWN);
  at("found").replaceChildren(...items.map((item) => {
    const line = node("li");
    const button = node("button", item.name || item.key);
    button.addEventListener("click", () => act(() => object(item)));
    line.append(button, node("span", ` ${item.kind}`));
    return line;
  }));
  const told = [];
  if (!page.complete) told.push(`The first ${items.length}; there may be more. A longer part of the name finds fewer.`);
  else told.push(items.length ? `${items.length} found.` : "Nothing of that name.");
  const missing = page.searched.notHeld.map((held) => (held.part ? `${held.kind}: ${held.part}` : held.kind));
  if (missing.length) told.push(`Not in this snapshot: ${missing.join(", ")}.`);
  tell(told.join(" "));
}

async function object(item) {
  const path = own(`/snapshots/${newest}/objects/${item.kind}/${item.key.split("/").map(encodeURIComponent).join("/")}`);
  const found = await call("GET", path);
  const links = found.links;
  // Links come in parts, each of which may be short.
  let next = found.next;
  while (next && links.length < 2000) {
    const part = await call("GET", `${path}?cursor=${encodeURIComponent(next)}`);
    links.push(...part.links);
    next = part.next;
  }
  const properties = Object.entries(found.object).map(([name, value]) => row([name, node("td", written(value), "value")]));
  const shown = links.map((link) => row([link.link, link.to ? "to" : "from", link.name || link.to || link.from]));
  if (next) shown.push(row(["", "", `The first ${links.length}; there are more.`]));
  show(`${found.kind}: ${found.name || found.key}`, table(["Property", "Value"], properties), table(["Link", "", "Object"], shown));
}

async function compare(before, after) {
  let comparison = await call("POST", own("/comparisons"), { before, after });
  while (comparison.state === "queued" || comparison.state === "running") {
    tell("Comparing…");
    await new Promise((done) => setTimeout(done, 1000));
    comparison = await call("GET", own(`/comparisons/${comparison.id}`));
  }
  if (comparison.error) throw new Error(comparison.error);
  const rows = [];
  let cursor = "";
  do {
    const page = await call("GET", own(`/comparisons/${comparison.id}/changes?limit=200${cursor}`));
    for (const change of page.items) {
      const parts = change.attributes.map((a) => `${a.path}: ${a.items ? written(a.items) : `${written(a.before ?? null)} → ${written(a.after ?? null)}`}`)
        .concat(change.links.map((l) => `${l.link} ${l.what}: ${l.toName || l.to}`));
      rows.push(row([change.kind, change.name || change.key, node("td", change.what, change.what), node("td", parts.join("\n"), "value")]));
    }
    cursor = page.next && rows.length < 2000 ? `&cursor=${encodeURIComponent(page.next)}` : "";
  } while (cursor);
  show("What differs", rows.length ? table(["Kind", "Object", "What", "In detail"], rows) : node("p", "Nothing."));
  tell("");
}

async function act(what) {
  try {
    await what();
  } catch (error) {
    tell(error.message, true);
  }
}

async function open() {
  const token = new URLSearchParams(location.hash.slice(1)).get("access");
  history.replaceState(null, "", location.pathname);
  if (!token) throw new Error("This page is opened by a link of your service provider.");
  session = await call("POST", "/v1/access", { token });
  at("whose").textContent = `${session.organisation}, until ${time.format(new Date(session.expiresAt))}`;
  document.querySelector("main").hidden = false;
  tell("");
  await snapshots();
}

at("more").addEventListener("click", () => act(snapshots));
at("compare").addEventListener("click", () => act(() => compare(chosen("before"), chosen("after"))));
at("search").addEventListener("submit", (event) => {
  event.preventDefault();
  act(() => search(new FormData(event.target).get("name")));
});
act(open);
