import { lab } from "../../harness/index.ts";

lab(
  "counter-app",
  {
    tutorial: "docker-to-istio-3",
    shows: {
      en: "Three tiers: nginx → app → redis. The app is scaled, and the count stays one.",
      zh: "三层应用：nginx → app → redis。扩容应用后，计数仍然只有一份。",
    },
    before: {
      en: "You will run a page that counts its visits, scale it from one pod to three, and check that no visit is lost or counted twice.",
      zh: "你将运行一个统计访问次数的页面，把它从一个 Pod 扩到三个，并检查没有一次访问被漏记或重复计数。",
    },
    after: {
      en: "The app keeps nothing itself, so any number of pods can serve it: the count is in redis, which has exactly one pod. Each tier knows the next one only by its Service's name, and nginx got its configuration as one file from a ConfigMap, without an image of its own.",
      zh: "应用自身不保存任何状态，所以可以有任意多个 Pod：计数在 redis 中，而 redis 恰好只有一个 Pod。每一层只知道下一层的 Service 名；nginx 的配置来自 ConfigMap 中的一个文件，不需要专门的镜像。",
    },
  },
  ({ step, apply, ready, from, outside, expect, ask, sabotage }) => {
    const page = from(outside).get("http://docker2istio-nginx/");
    const visits = /visited (\d+) times/;
    let counted = 0;

    step(
      {
        title: { en: "Deploy redis and the app", zh: "部署 redis 与应用" },
        why: {
          en: "The app asks docker2istio-redis for the next number at each visit. Both Services are ClusterIP: nobody outside needs them.",
          zh: "每次访问，应用都向 docker2istio-redis 取下一个数字。两个 Service 都是 ClusterIP：外部不需要它们。",
        },
        look: { en: "Two pods are ready.", zh: "两个 Pod 就绪。" },
      },
      async () => {
        await apply("redis.yaml");
        await ready("deployment/docker2istio-redis", "service/docker2istio-redis");
        await apply("app.yaml");
        await ready("deployment/docker2istio-app", "service/docker2istio-app");
      },
    );

    step(
      {
        title: { en: "Put nginx in front", zh: "在前面放上 nginx" },
        why: {
          en: "The ConfigMap's key default.conf is mounted by subPath over the one file that the image has there. nginx looks up the app's name when it starts, so the Service comes first.",
          zh: "ConfigMap 的键 default.conf 通过 subPath 覆盖镜像中的那一个文件。nginx 启动时解析应用的名字，所以要先有 Service。",
        },
        look: {
          en: "kubectl get service shows 80:31686/TCP or another port of the node: that is the way in.",
          zh: "kubectl get service 显示 80:31686/TCP 或节点的其他端口：这就是入口。",
        },
      },
      async () => {
        await apply("nginx.yaml");
        await ready("deployment/docker2istio-nginx");
        await expect(from(outside).get("http://docker2istio-nginx/healthz")).toAnswer({
          status: 200,
          app: "counter",
        });
      },
    );

    step(
      {
        title: { en: "Visit the page", zh: "访问页面" },
        why: {
          en: "A health check is no visit, so the first visit is number 1, and each of the hundred after it is one more.",
          zh: "健康检查不算访问，所以第一次访问是 1，之后的一百次每次加一。",
        },
        look: {
          en: "Ten visitors at a time, and no number comes twice or is left out.",
          zh: "十个访客同时访问，没有数字重复或遗漏。",
        },
      },
      async () => {
        const first = await ask(page);
        expect(first.body, { en: "the first visit", zh: "第一次访问" }).toMatch(
          /^docker2istio-app-\S+ here: visited 1 times$/m,
        );
        await expect(page).toCountUp({ in: visits, after: 1, times: 100 });
        counted = 101;
      },
    );

    step(
      {
        title: { en: "Scale the app to three", zh: "把应用扩为三个副本" },
        why: {
          en: "Only replicas differs in the file. nginx is told nothing: it still asks the Service, which now has three pods.",
          zh: "文件中只有 replicas 不同。nginx 不需要知道：它仍然询问 Service，而 Service 现在有三个 Pod。",
        },
        look: {
          en: "Three host names answer, a third each.",
          zh: "三个主机名回答，各占三分之一。",
        },
      },
      async () => {
        await apply("app-three-replicas.yaml");
        await ready("deployment/docker2istio-app");
        // The health page, because a visit would count.
        await expect(from(outside).get("http://docker2istio-nginx/healthz")).toBalance({
          over: "service/docker2istio-app",
        });
      },
    );

    step(
      {
        title: { en: "Go on counting", zh: "继续计数" },
        why: {
          en: "Three pods serve the page now, and the count goes on from where it was.",
          zh: "现在由三个 Pod 提供页面，计数从原处继续。",
        },
        look: {
          en: "Number 102 is the next one, and again every visit is one more.",
          zh: "下一个数字是 102，每次访问仍然加一。",
        },
      },
      async () => {
        await expect(page).toCountUp({ in: visits, after: counted, times: 300 });
      },
    );

    sabotage(
      { en: "two redis replicas", zh: "两个 redis 副本" },
      {
        in: "redis.yaml",
        object: "Deployment/docker2istio-redis",
        change: { "spec.replicas": 2 },
        fails: "Visit the page",
        check: "toCountUp",
      },
    );
    sabotage(
      { en: "nginx asks another name", zh: "nginx 询问另一个名字" },
      {
        in: "nginx.yaml",
        object: "ConfigMap/nginx-config",
        change: {
          'data["default.conf"]':
            "server { listen 80; location / { proxy_pass http://docker2istio-ap:8080; } }",
        },
        fails: "Put nginx in front",
        because: "CrashLoopBackOff",
      },
    );
    sabotage(
      { en: "the file still says one replica", zh: "文件中仍是一个副本" },
      {
        in: "app-three-replicas.yaml",
        change: { "spec.replicas": 1 },
        fails: "Scale the app to three",
      },
    );
    sabotage(
      { en: "the health check counts as a visit", zh: "健康检查也计入访问" },
      {
        in: "app.yaml",
        object: "Deployment/docker2istio-app",
        change: { "spec.template.spec.containers[0].readinessProbe.httpGet.path": "/" },
        fails: "Visit the page",
      },
    );
  },
);
