/** Kubectl writes container fields into events since 1.34, and other words before 1.28. */
const wordings: readonly (readonly [RegExp, string])[] = [
  [/spec\.(initC|c)ontainers\{[\w-]+\}: /g, ""],
  [/ConfigMapOptional: +<nil>/g, "Optional: false"],
  // An old kubectl reads Endpoints, and is warned.
  [/^Warning: v1 Endpoints is deprecated.*\n/gm, ""],
  [/^.*Internal Traffic Policy:.*\n/gm, ""],
  [/^ {2}(Node-Selectors|Tolerations): .*\n/gm, ""],
];

/** What differs from one run to the next, and what stands for it. The order matters. */
const chances: readonly (readonly [RegExp, string])[] = [
  [/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, "<uid>"],
  [/containerd:\/\/[0-9a-f]+/g, "<container>"],
  [/sha256:[0-9a-f]+/g, "<digest>"],
  [/\w{3}, \d\d \w{3} \d{4} [\d:]+ \+0000/g, "<time>"],
  [/534c257c5adf\/172\.17\.0\.2|kubelab\/127\.0\.0\.1/g, "<node>"],
  [/\b(534c257c5adf|kubelab)\b/g, "<node>"],
  [/\b10\.\d+\.\d+\.\d+\b/g, "<ip>"],
  [/\b(web|crash)-[a-z0-9]{8,10}-[a-z0-9]{5}(?=[\s_,]|$)/gm, "$1-<rs>-<pod>"],
  [/\b(web|crash)-[a-z0-9]{8,10}(?=[\s,]|$)/gm, "$1-<rs>"],
  [/\bpod (web|crash)-[a-z0-9]{8,10}-[a-z0-9]{5}_/g, "pod $1-<rs>-<pod>_"],
  [/(\/)(web|crash)-[a-z0-9]{8,10}-[a-z0-9]{5}/g, "$1$2-<rs>-<pod>"],
  [/\bweb-[a-z0-9]{5}(?=\s)/g, "web-<slice>"],
  [/pod-template-hash=\w+/g, "pod-template-hash=<hash>"],
  [/kube-api-access-\w{5}/g, "kube-api-access-<random>"],
  [/ \(x\d+ over \w+\)/g, ""],
  [/(?<=\s)(\d+[dhms])+(?=\s|$)/gm, "<age>"],
];

/** What kubectl printed, without what must differ and without the widths of columns. */
export function plainLines(text: string): string[] {
  const plain = [...wordings, ...chances].reduce(
    (left, [pattern, text_]) => left.replaceAll(pattern, text_),
    text,
  );
  return plain
    .split("\n")
    .map((line) => line.replaceAll(/\s+/g, " ").trim())
    .filter((line) => line !== "");
}

/**
 * The objects of a description, each once: their lines, and their events in any order. Left out are events that come by
 * chance, and the events of several objects at once, which kubectl shows since 1.34 no more.
 */
export function plainDescriptions(text: string): string[] {
  const blocks = text.split(/\n+(?=Name: )/);
  const described = blocks.map((block) => {
    const [fields = "", events = ""] = block.split(/^Events:(?= *\n)/m);
    const told = blocks.length > 1 ? [] : plainLines(events).filter((line) => !isByChance(line));
    return [...plainLines(fields), ...new Set(told.toSorted())].join("\n");
  });
  return [...new Set(described)].toSorted();
}

function isByChance(line: string): boolean {
  return line.includes("Readiness probe failed") || line.startsWith("----");
}
