import { inspect } from "node:util";
import type { SabotageOptions } from "../lab/definition.ts";
import type { Language } from "../report/text.ts";

/** The words that every page has, in one language. */
export interface PageWords {
  readonly generated: (lab: string) => string;
  readonly origin: (tutorial: string) => string;
  readonly otherLanguage: (lab: string) => string;
  readonly willSee: string;
  readonly runIt: string;
  readonly begin: string;
  readonly cluster: string;
  readonly otherCluster: string;
  readonly requires: (what: readonly string[]) => string;
  readonly addon: (name: string) => string;
  readonly namespace: string;
  readonly step: (number: number, title: string) => string;
  readonly look: (text: string) => string;
  readonly checks: string;
  /** Stands for commands that are like those before. */
  readonly moreLike: (count: number) => string;
  readonly secondTerminal: string;
  readonly keepAsking: string;
  readonly meanwhile: string;
  /** What ADDRESS stands for. */
  readonly address: string;
  /** What stands in angle brackets. */
  readonly placeholder: string;
  readonly happened: string;
  readonly cleanUp: string;
  readonly breakIt: string;
  readonly whyBreak: string;
  readonly sabotage: (title: string, sabotage: SabotageOptions, step: string) => string;
}

const documentation: Readonly<Record<string, string>> = {
  istio: "https://istio.io/latest/docs/setup/getting-started/",
  "ingress-nginx": "https://kubernetes.github.io/ingress-nginx/deploy/",
};

const en: PageWords = {
  generated: (lab) =>
    `<!-- Written by \`npm run pages\` from labs/${lab}. Change the lab, not this page. -->`,
  origin: (tutorial) => `From the tutorial: ${tutorial}.`,
  otherLanguage: (lab) => `[中文](../zh/labs/${lab}.md)`,
  willSee: "What you will see",
  runIt: "This page is also a test. One command does every step and judges what comes back:",
  begin: "Before you begin",
  cluster:
    "To do the steps by hand you need `kubectl`, and a cluster. This starts one on your machine, without Docker; then run the `export KUBECONFIG=…` line that it prints:",
  otherCluster:
    "The manifests work on any other Kubernetes too. There the image `kubelab/apps`, which holds all the apps, must be built first: see [fixtures/Dockerfile](../../fixtures/Dockerfile).",
  requires: (what) => `The lab is skipped where one of these is missing: ${what.join(", ")}.`,
  addon: (name) =>
    `The lab needs ${name}. On the cluster from above this installs a stand-in for it; on another cluster [install it](${documentation[name] ?? ""}) as its own pages say:`,
  namespace: "The lab works in a namespace of its own. Make it, and let `kubectl` use it:",
  step: (number, title) => `Step ${number}: ${title}`,
  look: (text) => `**Look at:** ${text}`,
  checks: "**The lab checks:**",
  moreLike: (count) => `# … and ${count} more like these`,
  secondTerminal: "In another terminal, watch what changes from here on (Ctrl-C ends it):",
  keepAsking: "In another terminal, send requests for as long as this step takes (Ctrl-C ends it):",
  meanwhile: "While they run:",
  address:
    "`ADDRESS` is where this cluster lets requests in from outside. On another cluster set it to a node's address and the Service's node port, or to the load balancer's address.",
  placeholder:
    "What stands in `<…>` is known only when it runs: put in what the commands before have shown.",
  happened: "What happened",
  cleanUp: "Clean up",
  breakIt: "Break it yourself",
  whyBreak:
    "A check that cannot fail proves nothing. Each change below must make one step fail. Make it in the manifest and apply it again, or let the lab try them all:",
  sabotage: (title, sabotage, step) =>
    `**${title}**: ${changeInEnglish(sabotage)}. “${step}” fails${sabotage.because ? ` and says \`${sabotage.because}\`` : ""}.`,
};

const zh: PageWords = {
  generated: (lab) =>
    `<!-- 由 \`npm run pages\` 根据 labs/${lab} 生成。请修改实验，不要修改本页。 -->`,
  origin: (tutorial) => `出自教程：${tutorial}。`,
  otherLanguage: (lab) => `[English](../../labs/${lab}.md)`,
  willSee: "你将看到什么",
  runIt: "本页同时也是测试。下面一条命令会执行所有步骤，并对结果作出判定：",
  begin: "开始之前",
  cluster:
    "手动操作需要 `kubectl` 和一个集群。下面的命令在你的机器上启动一个集群，不需要 Docker；然后执行它打印出的 `export KUBECONFIG=…` 那一行：",
  otherCluster:
    "这些清单在其他 Kubernetes 集群上同样可用，只是要先构建包含全部应用的镜像 `kubelab/apps`，见 [fixtures/Dockerfile](../../../fixtures/Dockerfile)。",
  requires: (what) => `缺少以下任何一项时，实验会被跳过：${what.join("、")}。`,
  addon: (name) =>
    `本实验需要 ${name}。在上面的集群里，下面的命令会安装它的替身；在其他集群上，请按[官方文档](${documentation[name] ?? ""})安装：`,
  namespace: "实验使用自己的命名空间。创建它，并让 `kubectl` 默认使用它：",
  step: (number, title) => `第 ${number} 步：${title}`,
  look: (text) => `**留意**：${text}`,
  checks: "**实验检查**：",
  moreLike: (count) => `# …… 类似的命令还有 ${count} 条`,
  secondTerminal: "在另一个终端里观察此后的变化（按 Ctrl-C 结束）：",
  keepAsking: "在另一个终端里持续发送请求（按 Ctrl-C 结束）：",
  meanwhile: "请求持续的同时：",
  address:
    "`ADDRESS` 是从集群外访问这个集群的入口。在其他集群上，请把它设为节点地址加 Service 的 nodePort，或者负载均衡器的地址。",
  placeholder: "`<…>` 中的内容要到运行时才知道：请填入前面命令显示的值。",
  happened: "发生了什么",
  cleanUp: "清理",
  breakIt: "亲手弄坏它",
  whyBreak:
    "不会失败的检查什么也证明不了。下面每一处改动都必须让某一步失败。可以改清单后重新 apply，也可以让实验逐个尝试：",
  sabotage: (title, sabotage, step) =>
    `**${title}**：${changeInChinese(sabotage)}。“${step}”会失败${sabotage.because ? `，并指出 \`${sabotage.because}\`` : ""}。`,
};

export const pageWords: Readonly<Record<Language, PageWords>> = { en, zh };

function changeInEnglish({ in: file, object, ...change }: SabotageOptions): string {
  const where = file ? `in \`${file}\`${object ? ` (${object})` : ""} ` : "";
  const what = [
    ...fields(change.change).map(([field, value]) => `set \`${field}\` to \`${value}\``),
    ...fields(change.add).map(([field, value]) => `add \`${field}\`: \`${value}\``),
    ...(change.swap ? [`let \`${change.swap[0]}\` and \`${change.swap[1]}\` change places`] : []),
    ...(change.remove ? [`leave out \`${change.remove}\``] : []),
    ...(change.leaveOut ? ["leave out the whole manifest"] : []),
    ...fields(change.set).map(([name, value]) => `set the lab's own \`${name}\` to \`${value}\``),
  ];
  return `${where}${what.join(" and ")}`;
}

function changeInChinese({ in: file, object, ...change }: SabotageOptions): string {
  const where = file ? (object ? `在 \`${file}\`（${object}）中` : `在 \`${file}\` 中`) : "";
  const what = [
    ...fields(change.change).map(([field, value]) => `把 \`${field}\` 改为 \`${value}\``),
    ...fields(change.add).map(([field, value]) => `加上 \`${field}\`：\`${value}\``),
    ...(change.swap ? [`对调 \`${change.swap[0]}\` 与 \`${change.swap[1]}\``] : []),
    ...(change.remove ? [`去掉 \`${change.remove}\``] : []),
    ...(change.leaveOut ? ["去掉整个清单"] : []),
    ...fields(change.set).map(([name, value]) => `把实验自己的设置 \`${name}\` 改为 \`${value}\``),
  ];
  return `${where}${what.join("，并")}`;
}

function fields(values: Readonly<Record<string, unknown>> = {}): [string, string][] {
  return Object.entries(values).map(([field, value]) => [
    field,
    inspect(value, { breakLength: Infinity, depth: 6 }),
  ]);
}
