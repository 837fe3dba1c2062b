import { inspect } from "node:util";
import { fewRequests } from "../lab/expect-requests.ts";
import type { WantedTime } from "../lab/request-expectation.ts";
import type { WantedAnswer } from "../lab/wanted-answer.ts";
import { isLoadDescription, type LoadDescription } from "../lab/load.ts";
import { isRequestDescription, outside, type RequestDescription } from "../lab/request.ts";
import { inLanguage, type Language } from "../report/text.ts";
import { createBalance } from "../verdicts/balance.ts";
import { zeroOfBound } from "../verdicts/confidence.ts";
import { createExact } from "../verdicts/exact.ts";
import { createLatency } from "../verdicts/latency.ts";
import { type SplitOptions, toShareTestOptions } from "../verdicts/split.ts";
import { atMost, points, probability } from "../verdicts/wording.ts";
import type { Check } from "./actions.ts";
import { Unknown } from "./scope.ts";

type Options = {
  readonly times?: number;
  readonly tolerance?: number;
  readonly alpha?: number;
  readonly beta?: number;
  readonly as?: string | readonly string[];
  readonly ruleless?: boolean;
  readonly by?: string;
  readonly of?: string;
  readonly over?: string;
  readonly maxFailures?: number;
  readonly maxGapMs?: number;
  readonly leastGapMs?: number;
};
type Pair = { readonly en: string; readonly zh: string };

/** What a check wants and how sure its verdict is, in words. */
export function describeCheck(check: Check, language: Language): string {
  const { of } = check;
  if (isRequestDescription(of)) {
    const { en, zh } = requestWords(check);
    return language === "en" ? `${requestIn(of, "en")}: ${en}` : `${requestIn(of, "zh")}：${zh}`;
  }
  if (isLoadDescription(of)) return loadWords(check, of)[language];
  const name = inLanguage(of.name, language);
  // Chinese words stand without a space between them.
  const gap = /[\p{Script=Han}）]$/u.test(name) ? "" : " ";
  return `${name}${gap}${valueWords(check)[language]}`;
}

function requestIn(request: RequestDescription, language: Language): string {
  const { method, url, headers = {} } = request;
  const what = `${method} ${url}`;
  const extra = Object.entries(headers).map(([name, value]) => `\`${name}: ${value}\``);
  const place = request.from === outside ? { en: "outside", zh: "集群外" } : undefined;
  const [, space, target = String(request.from)] =
    /^([a-z0-9-]+):(.+)$/.exec(place ? "" : String(request.from)) ?? [];
  const there = { en: ` in the namespace \`…-${space}\``, zh: `（命名空间 \`…-${space}\`）` };
  const where = place ? place[language] : `\`${target}\`${space ? there[language] : ""}`;
  if (language === "en")
    return `From ${where}, \`${what}\`${extra.length > 0 ? ` with ${extra.join(", ")}` : ""}`;
  return `从${place ? where : ` ${where} `}发出 \`${what}\`${extra.length > 0 ? `，带 ${extra.join("、")}` : ""}`;
}

function requestWords({ matcher, args }: Check): Pair {
  const [first, second] = args;
  const known = (value: unknown) => (value instanceof Unknown ? {} : ((value ?? {}) as Options));
  switch (matcher) {
    case "toSplit":
      return splitWords(first as Record<string, number>, known(second));
    case "toReachOnly":
      return exactly(
        { en: `every answer comes from ${show(first)}`, zh: `所有回答都来自 ${show(first)}` },
        known(second),
      );
    case "toAnswer": {
      const wanted = describeWanted(first as WantedAnswer);
      const options = { times: fewRequests, ...known(second) };
      return exactly(
        { en: `every answer is ${wanted.join(", ")}`, zh: `每个回答都是 ${wanted.join("、")}` },
        options,
      );
    }
    case "toAnswerWithin":
      return timeWords(first as WantedTime, known(second));
    case "toStayOnOnePod":
      return exactly(
        { en: "all answers come from one pod", zh: "所有回答来自同一个 Pod" },
        { times: fewRequests, ...known(first) },
      );
    case "toBalance":
      return balanceWords(known(first));
    case "toCountUp":
      return countWords(known(first));
    case "toRefuse": {
      const as = known(first).as;
      const how = as === undefined ? "" : ` (${as.toString()})`;
      return exactly(
        { en: `no request is answered${how}`, zh: `没有任何请求得到回答${how}` },
        { times: fewRequests, ...known(first) },
      );
    }
    default:
      throw new Error(`pages have no words for the check ${matcher}`);
  }
}

function splitWords(weights: Record<string, number>, options: Options): Pair {
  const { tolerance, alpha, beta, shares } = toShareTestOptions({
    weights,
    ...(options as Partial<SplitOptions>),
  });
  const parts = Object.keys(weights).map((name, i) => `${name} ${points(shares[i] ?? 0)} %`);
  const by = points(tolerance);
  return {
    en: `the answers split ${parts.join(", ")}. The lab sends until it is sure. Stated error: it fails a right split with probability ${rate(alpha)} at most, and passes one that is off by ${by} points or more with ${rate(beta)} at most.`,
    zh: `回答的比例是 ${parts.join("、")}。实验一直发送，直到有把握为止。误差率：比例正确却判失败的概率不超过 ${rate(alpha)}；偏差达到 ${by} 个百分点却判通过的概率不超过 ${rate(beta)}。`,
  };
}

function balanceWords({ over, ...options }: Options): Pair {
  const { tolerance, alpha, beta } = createBalance({
    members: 2,
    ...(options as object),
  }).conclude().evidence;
  const behind =
    over === undefined
      ? { en: "the Service", zh: "Service " }
      : { en: `\`${over}\``, zh: `\`${over}\` ` };
  return {
    en: `every ready pod behind ${behind.en} answers an even share. Stated error: it fails an even spread with probability ${rate(alpha)} at most, and passes one where a pod is off by ${points(tolerance / 100)} points or more (fewer with five pods or more) with ${rate(beta)} at most.`,
    zh: `${behind.zh}后面每个就绪的 Pod 都回答相同的份额。误差率：分布均匀却判失败的概率不超过 ${rate(alpha)}；某个 Pod 偏差达到 ${points(tolerance / 100)} 个百分点（五个以上 Pod 时更小）却判通过的概率不超过 ${rate(beta)}。`,
  };
}

function exactly(wanted: Pair, { times }: Options): Pair {
  const rules = createExact({ expected: "any" }).conclude().evidence;
  const needed = times ?? rules.needed;
  const share = atMost(times === undefined ? rules.bound : zeroOfBound(times, rules.beta)).slice(2);
  return {
    en: `${wanted.en}, in all of ${needed} requests. A fault that hits ${share} of them or more passes unnoticed with probability ${rate(rules.beta)} at most.`,
    zh: `${wanted.zh}，${needed} 个请求无一例外。如果有 ${share} 或更多的请求出错，没有被发现的概率不超过 ${rate(rules.beta)}。`,
  };
}

function countWords({ times = 100 }: Options): Pair {
  return {
    en: `each of ${times} requests raises the counter by exactly one: no number comes twice and none is left out. No chance is involved.`,
    zh: `${times} 个请求中的每一个都使计数恰好加一：没有重复，也没有跳过。这里没有随机误差。`,
  };
}

function timeWords({ minMs = 0, maxMs, share = 1 }: WantedTime, options: Options): Pair {
  const en = minMs > 0 ? `within ${minMs} to ${maxMs} ms` : `within ${maxMs} ms`;
  const zh = minMs > 0 ? `在 ${minMs} 到 ${maxMs} ms 之间` : `在 ${maxMs} ms 之内`;
  if (share === 1)
    return exactly(
      { en: `every answer comes ${en}`, zh: `每个回答都${zh}到达` },
      { times: fewRequests, ...options },
    );
  const { alpha, beta } = createLatency({ maxMs, share }).conclude().evidence;
  return {
    en: `${points(share)} % of the answers come ${en}. The lab sends until it is sure. Stated error: it fails with probability ${rate(alpha)} at most where half as many as allowed come late, and passes with ${rate(beta)} at most where more than allowed do.`,
    zh: `${points(share)} % 的回答${zh}到达。实验一直发送，直到有把握为止。误差率：迟到的只有允许的一半却判失败的概率不超过 ${rate(alpha)}；超过允许却判通过的概率不超过 ${rate(beta)}。`,
  };
}

function loadWords({ matcher, args }: Check, load: LoadDescription): Pair {
  const options = (args[0] ?? {}) as Options;
  const { perSecond } = load;
  const step = Math.round(1000 / perSecond);
  switch (matcher) {
    case "toLoseNothing": {
      const may = options.maxFailures ?? 0;
      return {
        en: `The load of ${perSecond} requests a second: ${may === 0 ? "not one request fails" : `at most ${may} requests fail`}${options.maxGapMs === undefined ? "" : `, and no gap is longer than ${options.maxGapMs} ms`}. Requests leave by the clock, one every ${step} ms, so a gap of that length cannot hide; a failure is never sent again.`,
        zh: `每秒 ${perSecond} 个请求的负载：${may === 0 ? "没有一个请求失败" : `最多 ${may} 个请求失败`}${options.maxGapMs === undefined ? "" : `，中断不超过 ${options.maxGapMs} 毫秒`}。请求按时钟每 ${step} 毫秒发出一个，这么长的中断不会被漏掉；失败的请求绝不重发。`,
      };
    }
    case "toHaveOutage": {
      const least = options.leastGapMs;
      return {
        en: `The load of ${perSecond} requests a second: there is an outage${least === undefined ? "" : ` of ${least} ms at least`}, and every failure lies inside it.`,
        zh: `每秒 ${perSecond} 个请求的负载：出现${least === undefined ? "" : `至少 ${least} 毫秒的`}中断，并且所有失败都在其中。`,
      };
    }
    case "toLoseSome": {
      const as = Array.isArray(options.as) ? ` (${options.as.join(", ")})` : "";
      return {
        en: `The load of ${perSecond} requests a second: some requests fail${as}, and only while the change lasts.`,
        zh: `每秒 ${perSecond} 个请求的负载：有请求失败${as}，并且只在变更期间失败。`,
      };
    }
    default:
      throw new Error(`pages have no words for the check ${matcher}`);
  }
}

const relations: Readonly<Record<string, readonly [Pair, Pair]>> = {
  toBe: [
    { en: "is", zh: "是" },
    { en: "is not", zh: "不是" },
  ],
  toEqual: [
    { en: "equals", zh: "等于" },
    { en: "does not equal", zh: "不等于" },
  ],
  toContain: [
    { en: "contains", zh: "包含" },
    { en: "does not contain", zh: "不包含" },
  ],
  toMatch: [
    { en: "matches", zh: "匹配" },
    { en: "does not match", zh: "不匹配" },
  ],
  toMatchObject: [
    { en: "has the fields", zh: "具有字段" },
    { en: "does not have the fields", zh: "不具有字段" },
  ],
  toHaveLength: [
    { en: "number", zh: "个数为" },
    { en: "do not number", zh: "个数不为" },
  ],
  toBeGreaterThan: [
    { en: "is greater than", zh: "大于" },
    { en: "is not greater than", zh: "不大于" },
  ],
  toBeAtLeast: [
    { en: "is at least", zh: "不小于" },
    { en: "is less than", zh: "小于" },
  ],
  toBeLessThan: [
    { en: "is less than", zh: "小于" },
    { en: "is at least", zh: "不小于" },
  ],
  toBeAtMost: [
    { en: "is at most", zh: "不大于" },
    { en: "is greater than", zh: "大于" },
  ],
  toBeBetween: [
    { en: "is between", zh: "介于" },
    { en: "is not between", zh: "不介于" },
  ],
  toExist: [
    { en: "is there", zh: "存在" },
    { en: "is not there", zh: "不存在" },
  ],
};

function valueWords({ matcher, not, args }: Check): Pair {
  const relation = relations[matcher]?.[not ? 1 : 0];
  if (!relation) throw new Error(`pages have no words for the check ${matcher}`);
  const wanted = (and: string) => args.map((arg) => ` ${show(arg)}`).join(and);
  return { en: `${relation.en}${wanted(" and")}`, zh: `${relation.zh}${wanted(" 与")}` };
}

function describeWanted(wanted: WantedAnswer | Unknown): readonly string[] {
  if (wanted instanceof Unknown) return [`\`${wanted.source}\``];
  const { status, body, headers = {}, version, app, between } = wanted;
  return [
    status === undefined ? "" : String(status),
    body === undefined ? "" : show(body),
    app === undefined ? "" : `app \`${app}\``,
    version === undefined ? "" : `version \`${version}\``,
    between === undefined ? "" : `${between[0]}–${between[1]} ms`,
    ...Object.entries(headers).map(([name, value]) => `\`${name}\`: ${show(value)}`),
  ].filter((part) => part !== "");
}

/** A value as code, on one line. */
function show(value: unknown): string {
  const text = toCode(value);
  return text.includes("`") ? `\`\` ${text} \`\`` : `\`${text}\``;
}

function toCode(value: unknown): string {
  if (value instanceof Unknown) return value.source;
  if (typeof value === "string") return /^\S(.*\S)?$/.test(value) ? value : JSON.stringify(value);
  return inspect(plain(value), { breakLength: Infinity, depth: 5 }).replace(/\s+/g, " ");
}

function plain(value: unknown): unknown {
  if (value instanceof Unknown) return { [inspect.custom]: () => value.source };
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null || value instanceof RegExp) return value;
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, plain(part)]));
}

/** `10⁻⁶` reads as people write it. */
function rate(value: number): string {
  const exponent = /^1e-(\d+)$/.exec(probability(value))?.[1];
  const raised = (exponent ?? "")
    .split("")
    .map((digit) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[Number(digit)])
    .join("");
  return exponent === undefined ? probability(value) : `10⁻${raised}`;
}
