import type { Reply } from "./protocol.ts";
import type { Store } from "./store.ts";

/** What a command may use and change beside the keys. */
export interface Session {
  readonly store: Store;
  readonly version: string;
  /** The INFO text's lines, by section. */
  readonly info: () => Readonly<Record<string, readonly string[]>>;
  readonly settings: ReadonlyMap<string, string>;
  readonly id: number;
  name: string | undefined;
  closing: boolean;
}

type Run = (words: readonly string[], session: Session) => Reply;

interface Command {
  /** How many words may follow its name. */
  readonly least: number;
  readonly most: number;
  readonly run: Run;
}

const any = Number.POSITIVE_INFINITY;
const ok: Reply = { kind: "status", text: "OK" };

/** Runs one command and answers as redis does, errors in its words. */
export function run(command: readonly string[], session: Session): Reply {
  const [name = "", ...words] = command;
  const lower = name.toLowerCase();
  const known = commands.get(lower);
  if (!known) {
    const given = words.map((word) => `'${word}' `).join("");
    return error(`ERR unknown command '${name}', with args beginning with: ${given}`);
  }
  if (words.length < known.least || words.length > known.most)
    return error(`ERR wrong number of arguments for '${lower}' command`);
  return known.run(words, session);
}

const commands = new Map<string, Command>([
  ["ping", { least: 0, most: 1, run: ([text]) => (text ? bulk(text) : status("PONG")) }],
  ["echo", { least: 1, most: 1, run: ([text]) => bulk(text) }],
  ["quit", { least: 0, most: any, run: quit }],
  ["select", { least: 1, most: 1, run: select }],
  ["get", { least: 1, most: 1, run: ([key = ""], { store }) => bulk(store.get(key)) }],
  ["set", { least: 2, most: any, run: set }],
  ["mget", { least: 1, most: any, run: mget }],
  ["strlen", { least: 1, most: 1, run: ([key = ""], { store }) => int(store.get(key)?.length) }],
  ["incr", { least: 1, most: 1, run: ([key], session) => add(session, key, "1", 1n) }],
  ["decr", { least: 1, most: 1, run: ([key], session) => add(session, key, "1", -1n) }],
  ["incrby", { least: 2, most: 2, run: ([key, by], session) => add(session, key, by, 1n) }],
  ["decrby", { least: 2, most: 2, run: ([key, by], session) => add(session, key, by, -1n) }],
  ["del", { least: 1, most: any, run: countOf((store, key) => store.delete(key)) }],
  ["unlink", { least: 1, most: any, run: countOf((store, key) => store.delete(key)) }],
  ["exists", { least: 1, most: any, run: countOf((store, key) => store.get(key) !== undefined) }],
  ["type", { least: 1, most: 1, run: type }],
  ["expire", { least: 2, most: 3, run: (words, { store }) => expire(words, store, 1000) }],
  ["pexpire", { least: 2, most: 3, run: (words, { store }) => expire(words, store, 1) }],
  ["persist", { least: 1, most: 1, run: countOf((store, key) => store.persist(key)) }],
  ["ttl", { least: 1, most: 1, run: ([key = ""], { store }) => int(toSeconds(store.leftMs(key))) }],
  ["pttl", { least: 1, most: 1, run: ([key = ""], { store }) => int(store.leftMs(key)) }],
  ["dbsize", { least: 0, most: 0, run: (_words, { store }) => int(store.keys().length) }],
  ["flushdb", { least: 0, most: 1, run: flush }],
  ["flushall", { least: 0, most: 1, run: flush }],
  ["info", { least: 0, most: any, run: info }],
  ["config", { least: 1, most: any, run: config }],
  ["client", { least: 1, most: any, run: client }],
  ["hello", { least: 0, most: any, run: hello }],
  // Clients ask for the table of commands at the start and do without.
  ["command", { least: 0, most: any, run: () => ({ kind: "array", items: [] }) }],
]);

function quit(_words: readonly string[], session: Session): Reply {
  session.closing = true;
  return ok;
}

function select([index = ""]: readonly string[]): Reply {
  if (toInteger(index) === undefined) return notAnInteger();
  if (Number(index) < 0 || Number(index) > 15) return error("ERR DB index is out of range");
  if (Number(index) > 0) return error("ERR this stand-in for redis has database 0 only");
  return ok;
}

function set([key = "", value = "", ...options]: readonly string[], { store }: Session): Reply {
  const given = { onlyNew: false, onlyOld: false, answerOld: false, keep: false };
  let inMs: number | undefined;
  for (let at = 0; at < options.length; at++) {
    const option = options[at]?.toUpperCase();
    if (option === "NX" && !given.onlyOld) given.onlyNew = true;
    else if (option === "XX" && !given.onlyNew) given.onlyOld = true;
    else if (option === "GET") given.answerOld = true;
    else if (option === "KEEPTTL" && inMs === undefined) given.keep = true;
    else if ((option === "EX" || option === "PX") && inMs === undefined && !given.keep) {
      const time = options[++at];
      if (time === undefined) return error("ERR syntax error");
      if (toInteger(time) === undefined) return notAnInteger();
      if (Number(time) <= 0) return error("ERR invalid expire time in 'set' command");
      inMs = Number(time) * (option === "EX" ? 1000 : 1);
    } else return error("ERR syntax error");
  }
  const old = store.get(key);
  const blocked = (given.onlyNew && old !== undefined) || (given.onlyOld && old === undefined);
  if (!blocked) store.set(key, value, inMs === undefined ? { keep: given.keep } : { inMs });
  if (given.answerOld) return bulk(old);
  return blocked ? bulk(undefined) : ok;
}

function mget(keys: readonly string[], { store }: Session): Reply {
  return { kind: "array", items: keys.map((key) => bulk(store.get(key))) };
}

function add({ store }: Session, key = "", by = "", sign: 1n | -1n = 1n): Reply {
  const step = toInteger(by);
  const value = toInteger(store.get(key) ?? "0");
  if (step === undefined || value === undefined) return notAnInteger();
  const sum = value + sign * step;
  if (sum !== BigInt.asIntN(64, sum)) return error("ERR increment or decrement would overflow");
  store.set(key, String(sum), { keep: true });
  return { kind: "integer", value: sum };
}

function expire(
  [key = "", time = "", option = ""]: readonly string[],
  store: Store,
  unitMs: number,
): Reply {
  if (toInteger(time) === undefined) return notAnInteger();
  const wanted = option.toUpperCase();
  if (!["", "NX", "XX"].includes(wanted)) return error(`ERR Unsupported option ${option}`);
  const leftMs = store.leftMs(key);
  if ((wanted === "NX" && leftMs !== -1) || (wanted === "XX" && leftMs < 0)) return int(0);
  return int(store.expire(key, Number(time) * unitMs) ? 1 : 0);
}

function type([key = ""]: readonly string[], { store }: Session): Reply {
  return status(store.get(key) === undefined ? "none" : "string");
}

function flush(_words: readonly string[], { store }: Session): Reply {
  store.clear();
  return ok;
}

function info(words: readonly string[], session: Session): Reply {
  const wanted = words.map((word) => word.toLowerCase());
  const all = wanted.length === 0 || wanted.some((word) => /^(all|default|everything)$/.test(word));
  const sections = Object.entries(session.info())
    .filter(([title]) => all || wanted.includes(title.toLowerCase()))
    .map(([title, lines]) => [`# ${title}`, ...lines, ""].join("\r\n"));
  return bulk(sections.join("\r\n"));
}

function config([action = "", ...names]: readonly string[], { settings }: Session): Reply {
  if (action.toLowerCase() !== "get")
    return error(`ERR unknown subcommand '${action}'. Try CONFIG HELP.`);
  if (names.length === 0) return error("ERR wrong number of arguments for 'config|get' command");
  const items = names.flatMap((name) => {
    const value = settings.get(name.toLowerCase());
    return value === undefined ? [] : [bulk(name.toLowerCase()), bulk(value)];
  });
  return { kind: "array", items };
}

function client([action = "", name]: readonly string[], session: Session): Reply {
  switch (action.toLowerCase()) {
    case "id":
      return int(session.id);
    case "getname":
      return bulk(session.name);
    case "setname":
      session.name = name;
      return ok;
    case "setinfo":
      return ok;
    default:
      return error(`ERR unknown subcommand '${action}'. Try CLIENT HELP.`);
  }
}

function hello([protocol]: readonly string[], session: Session): Reply {
  // RESP3 is not spoken; clients that prefer it fall back on this answer.
  if (protocol !== undefined && protocol !== "2")
    return error("NOPROTO unsupported protocol version");
  const fields = { server: "redis", version: session.version, proto: 2, id: session.id };
  const items = Object.entries({ ...fields, mode: "standalone", role: "master" }).flatMap(
    ([name, value]) => [bulk(name), typeof value === "number" ? int(value) : bulk(value)],
  );
  return { kind: "array", items: [...items, bulk("modules"), { kind: "array", items: [] }] };
}

/** A command over keys that answers for how many of them it was so. */
function countOf(holds: (store: Store, key: string) => boolean): Run {
  return (keys, { store }) => int(keys.filter((key) => holds(store, key)).length);
}

function toSeconds(ms: number): number {
  return ms < 0 ? ms : Math.floor((ms + 500) / 1000);
}

/** A signed 64-bit integer in its one spelling; undefined for everything else. */
function toInteger(text: string): bigint | undefined {
  if (!/^(0|-?[1-9]\d{0,18})$/.test(text)) return undefined;
  const value = BigInt(text);
  return value === BigInt.asIntN(64, value) ? value : undefined;
}

function notAnInteger(): Reply {
  return error("ERR value is not an integer or out of range");
}

function status(text: string): Reply {
  return { kind: "status", text };
}

function error(text: string): Reply {
  return { kind: "error", text };
}

function bulk(value: string | undefined): Reply {
  return { kind: "bulk", value };
}

function int(value = 0): Reply {
  return { kind: "integer", value: BigInt(value) };
}
