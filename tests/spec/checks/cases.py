"""For each check: stacks in which it fires, with the place, and stacks in which it does not."""

from typing import Any

from tests.spec.checks.stacks import both, http, routed, web

Sections = dict[str, Any]

_NODE = {"cpu": "4", "memory": "8Gi", "reserved_cpu": "1", "max_utilisation": 50}
_XMX = {"environment": {"JAVA_OPTS": "-Xms1g -Xmx1g"}}
_REST = {"readiness": http("/ready"), "liveness": http("/live")}


def _limit(memory: str) -> Sections:
    return {"resources": {"limits": {"memory": memory}}}


def _asks(**amounts: str) -> Sections:
    return {"resources": {"requests": amounts}}


def _budget(services: Sections, **budget: Any) -> Sections:
    term = {"service": "web", "factors": {"workers": 2, "pool": 5}}
    return {**services, "budgets": {"db": {"terms": [term], **budget}}}


def _chain(length: int, **shutdown: str) -> Sections:
    """`length` services that each need the one before."""
    services = {
        f"s{n}": {"image": "a:1", "depends_on": {f"service/s{n - 1}": "started"} if n else {}}
        for n in range(length)
    }
    return {"services": services, "shutdown": shutdown}


FIRES: dict[str, list[tuple[Sections, str]]] = {
    "R201": [
        (web(termination={"drain": "30s", "grace": "30s"}), "services/web/termination/grace"),
        (
            web(termination={"pre_stop": "5s", "drain": "30s", "grace": "34s"}),
            "services/web/termination/grace",
        ),
    ],
    "R202": [
        (web(termination={"drain": "30s", "grace": "44s"}), "services/web/termination/grace"),
        (web(termination={"grace": "10s"}), "services/web/termination/grace"),
    ],
    "R203": [
        (web(**routed(session_longest="1h")), "services/web/routing/drain"),
        (web(**routed(websocket=True)), "services/web/routing/drain"),
    ],
    "R204": [
        (web(**routed(drain="30s")), "services/web/routing/drain"),
        (web(**routed(timeouts={"request": "600s"})), "services/web/routing/drain"),
    ],
    "R205": [
        (
            {**web(**routed(drain="5s")), "edge": {"kind": "foreign"}},
            "services/web/routing/drain",
        ),
        (
            {**web(**routed()), "edge": {"kind": "foreign", "passive_only": True}},
            "services/web/routing/drain",
        ),
    ],
    "R206": [(_chain(10, drain="10s", stop="5s", flush="2s", total="60s"), "shutdown/total")],
    "R207": [
        (
            {**web(termination={"drain": "30s", "grace": "45s"}), "shutdown": {"stop": "20s"}},
            "services/web/termination/grace",
        ),
        ({**web(), "shutdown": {"total": "20s"}}, "services/web/termination/grace"),
        (
            {**web(termination={"drain": "6s"}), "shutdown": {"stop": "5s", "total": "60s"}},
            "services/web/termination/grace",
        ),
    ],
    "R210": [
        (web(liveness=http("/health"), readiness=http("/health")), "services/web/liveness"),
        (
            web(
                liveness={"grpc": {"port": 9090}},
                readiness={"grpc": {"port": 9090}, "period": "3s"},
            ),
            "services/web/liveness",
        ),
    ],
    "R211": [
        (web(routing={}), "services/web"),
        (web(ports=["8080"]), "services/web"),
        (web(ports=["9090/grpc"], readiness=http("/ready")), "services/web"),
    ],
    "R212": [(web(routing={}, ports=["80"]), "services/web/routing")],
    "R213": [
        (web(liveness=http("/health/ready")), "services/web/liveness/http/path"),
        (web(liveness=http("/health/detail")), "services/web/liveness/http/path"),
        (web(liveness=http("/check-db?full=1")), "services/web/liveness/http/path"),
    ],
    "R214": [
        (
            web(readiness=http("/up"), liveness=http("/healthy")),
            "services/web/readiness/http/path",
        ),
        (web(readiness=http("/ping/")), "services/web/readiness/http/path"),
    ],
    "R215": [
        (
            web(readiness=http("/ready", period="5s", timeout="6s")),
            "services/web/readiness/timeout",
        )
    ],
    "R216": [
        (
            web(
                startup=http("/live", delay="1m", period="10s", failures=60),
                rollout={"deadline": "10m"},
            ),
            "services/web/rollout/deadline",
        ),
        (
            web(
                readiness=http("/ready", period="10s", failures=3),
                rollout={"deadline": "1m", "min_ready": "31s"},
            ),
            "services/web/rollout/deadline",
        ),
    ],
    "R217": [
        (
            web(readiness=http("/ready", delay="60s"), liveness=http("/live", period="10s")),
            "services/web/liveness",
        )
    ],
    "R218": [
        (
            web(liveness=http("/live"), restart={"policy": "never"}),
            "services/web/restart/policy",
        )
    ],
    "R219": [
        (
            web(rollout={"min_ready": "60s", "deadline": "60s"}),
            "services/web/rollout/min_ready",
        )
    ],
    "R220": [
        (
            both({"depends_on": {"service/api": "healthy"}}, {}),
            "services/web/depends_on/service/api",
        ),
        (
            {
                **web(),
                "jobs": {"j": {"image": "j:1", "depends_on": {"service/web": "healthy"}}},
            },
            "jobs/j/depends_on/service/web",
        ),
        (
            {**web(depends_on={"external/db": "healthy"}), "external": {"db": {}}},
            "services/web/depends_on/external/db",
        ),
    ],
    "R230": [
        (web(replicas=2, **routed(websocket=True)), "services/web/routing"),
        (
            web(autoscale={"max": 4}, **routed(session_longest="10s")),
            "services/web/routing",
        ),
    ],
    "R231": [
        (
            web(**routed(strategy="ip_hash", affinity={"by": "cookie", "name": "A"})),
            "services/web/routing/strategy",
        )
    ],
    "R232": [
        (web(**routed(affinity={"by": by})), "services/web/routing/affinity")
        for by in ("cookie", "header", "query")
    ],
    "R233": [
        (
            web(**routed(session_longest="2h", affinity={"by": "client_ip", "timeout": "1h"})),
            "services/web/routing/affinity/timeout",
        )
    ],
    "R234": [(web(routing={}), "services/web/routing")],
    "R235": [
        (
            both(routed(host="a.example", path="/x/"), routed(host="A.example", path="/x")),
            "services/api/routing/path",
        )
    ],
    "R236": [
        (web(replicas=3, weights=[3, 1]), "services/web/weights"),
        (web(autoscale={"min": 2, "max": 4}, weights=[3, 1]), "services/web/weights"),
        (web(replicas=2, weights=[0, 0]), "services/web/weights"),
    ],
    "R237": [
        (web(replicas=2, weights=[3, 1], **routed()), "services/web/weights"),
        (web(**routed(strategy="weighted")), "services/web/routing/strategy"),
    ],
    "R238": [
        (
            both(routed(), {"depends_on": {"service/web": "started"}}),
            "services/web/routing/internal",
        )
    ],
    "R239": [({"zones": {"chat": {"rate_per_s": 10, "status": 503}}}, "zones/chat/status")],
    "R240": [
        (web(singleton=True, replicas=2), "services/web/replicas"),
        (web(singleton=True, autoscale={"max": 2}), "services/web/autoscale"),
        (web(singleton=True, rollout={"max_surge": 1}), "services/web/rollout/max_surge"),
        *(
            (
                web(singleton=True, rollout={"strategy": way}),
                "services/web/rollout/strategy",
            )
            for way in ("start-first", "blue-green", "canary")
        ),
    ],
    "R241": [(web(replicas=2, autoscale={"min": 2, "max": 4}), "services/web/replicas")],
    "R242": [
        (web(autoscale={"max": 4, "cpu": 70}), "services/web/autoscale/cpu"),
        (
            web(autoscale={"max": 4, "memory": 70}, **_asks(cpu="1")),
            "services/web/autoscale/memory",
        ),
    ],
    "R243": [
        (
            web(rollout={"max_surge": 0, "max_unavailable": 0}),
            "services/web/rollout/max_surge",
        ),
        (web(replicas=3, rollout={"max_surge": "0%"}), "services/web/rollout/max_surge"),
    ],
    "R244": [
        (web(rollout={"strategy": way}), "services/web/rollout/strategy")
        for way in ("canary", "blue-green")
    ],
    "R245": [
        (web(ports=["9090", "8080:80"]), "services/web/ports/1"),
        (web(ports=["8080-8081:80"], replicas=2), "services/web/ports/0"),
    ],
    "R246": [
        (
            web(ports=["8080:80"], rollout={"strategy": way}, routing={}),
            "services/web/rollout/strategy",
        )
        for way in ("start-first", "blue-green", "canary")
    ],
    "R247": [
        (web(volumes=["logs:/l:ro", "data:/d"], replicas=2), "services/web/volumes/1"),
        (web(volumes=["data:/d"]), "services/web/volumes/0"),
    ],
    "R255": [
        (_budget(web(replicas=10, rollout={"max_surge": 0}), limit=99), "budgets/db"),
        (_budget(web(replicas=4), limit=40), "budgets/db"),
        (_budget(web(autoscale={"min": 2, "max": 8}), limit=99), "budgets/db"),
        (
            _budget(
                {**web(replicas=4), "external": {"pg": {"limits": {"conns": 40}}}},
                external="pg",
                limit_name="conns",
            ),
            "budgets/db",
        ),
    ],
    "R256": [
        (
            {
                **web(),
                "budgets": {
                    "db": {
                        "limit": 1,
                        "terms": [
                            {"service": "web", "factors": {"workers": 1}},
                            {"service": "web", "factors": {"pool": None}},
                        ],
                    }
                },
            },
            "budgets/db/terms/1/factors/pool",
        )
    ],
    "R257": [
        (
            {**web(**_asks(memory="5Gi")), "nodes": {"n": _NODE}},
            "services/web/resources/requests",
        ),
        (
            {
                "jobs": {"j": {"image": "j:1", **_asks(cpu="2", memory="1Gi")}},
                "nodes": {"n": _NODE, "large": {**_NODE, "cpu": "16", "memory": "1Gi"}},
            },
            "jobs/j/resources/requests",
        ),
    ],
    "R258": [
        ({**web(replicas=5, **_asks(memory="1Gi")), "nodes": {"n": _NODE}}, "nodes"),
        ({**web(replicas=4, **_asks(cpu="800m")), "nodes": {"n": {**_NODE, "count": 2}}}, "nodes"),
    ],
    "R259": [
        ({**web(replicas=4, **_asks(memory="1Gi")), "nodes": {"n": _NODE}}, "nodes"),
        (
            {
                **web(autoscale={"min": 1, "max": 9}, **_asks(cpu="300m")),
                "nodes": {"n": _NODE},
            },
            "nodes",
        ),
    ],
    "R260": [({"nodes": {"n": {"cpu": "four"}}}, "nodes/n/cpu")],
    "R261": [({**web(), "nodes": {"n": {"startup": "slow"}}}, "services/web/workload")],
    "R262": [
        (_budget(web(replicas=4), limit=70), "budgets/db"),
        (_budget(web(replicas=4, rollout={"max_surge": 0}), limit=79), "budgets/db"),
        (_budget(web(replicas=4, rollout={"min_ready": "10s"}), limit=79), "budgets/db"),
        (_budget(web(autoscale={"min": 2, "max": 8}), limit=159), "budgets/db"),
    ],
    "R264": [
        (web(**_XMX, **_limit("1Gi")), "services/web/environment/JAVA_OPTS"),
        (web(command=["java", "-Xmx2048m", "-jar"], **_limit("1Gi")), "services/web/command"),
        (
            web(entrypoint=["java", "-XX:MaxRAMPercentage=100"], **_limit("1Gi")),
            "services/web/entrypoint",
        ),
    ],
    "R265": [
        (web(**_XMX, **_limit("1300Mi")), "services/web/environment/JAVA_OPTS"),
        (
            web(environment={"OPTS": "-Xmx1g -Xmx900m"}, **_limit("1Gi")),
            "services/web/environment/OPTS",
        ),
    ],
    "R266": [
        (
            web(resources={"requests": {"cpu": "2"}, "limits": {"cpu": "1"}}),
            "services/web/resources/requests/cpu",
        ),
        (
            web(resources={"requests": {"memory": "2Gi"}, "limits": {"memory": "1Gi"}}),
            "services/web/resources/requests/memory",
        ),
    ],
    "R270": [
        (both({"ports": ["8080:80"]}, {"ports": ["8080:90"]}), "services/api/ports/0"),
        (
            both({"ports": ["8080-8083:80"]}, {"ports": ["1:1", "8083:90"]}),
            "services/api/ports/1",
        ),
        (
            both({"ports": ["127.0.0.1:8080:80"]}, {"ports": ["0.0.0.0:8080:90"]}),
            "services/api/ports/0",
        ),
        (web(ports=["8080:80", "8080:90"]), "services/web/ports/1"),
        (
            {**web(ports=["80:80"]), "edge": {"ports": {"http": 80}}},
            "services/web/ports/0",
        ),
    ],
    "R271": [
        (web(ports=["8080:80"], replicas=2), "services/web/ports/0"),
        (web(ports=["8080-8081:80"], autoscale={"min": 2, "max": 4}), "services/web/ports/0"),
    ],
    "R272": [
        (both({"aliases": ["a", "app"]}, {"aliases": ["app"]}), "services/api/aliases/0"),
        (both({}, {"aliases": ["web"]}), "services/api/aliases/0"),
        (both({"aliases": ["app"]}, {"hostname": "app"}), "services/api/hostname"),
    ],
    "R273": [
        (
            both({"docker": {"container_name": "app"}}, {"docker": {"container_name": "app"}}),
            "services/api/docker/container_name",
        ),
        (
            web(replicas=2, docker={"container_name": "app"}),
            "services/web/docker/container_name",
        ),
    ],
    "R274": [({"external": {"db": {}}}, "external/db")],
    "R280": [
        (web(image="web"), "services/web/image"),
        (web(image="registry.example.com:5000/web"), "services/web/image"),
        (web(image="registry.example.com/web:latest"), "services/web/image"),
    ],
    "R285": [
        (web(environment={name: "hunter2"}), f"services/web/environment/{name}")
        for name in ("DB_PASSWORD", "APP_API_KEYS", "token", "AWS_SECRET_ACCESS_KEY", "APIKEY")
    ],
    "R286": [
        (web(environment={"KEY": "sk-abcdefghijklmnopqrstuv"}), "services/web/environment/KEY"),
        (web(environment={"ID": "AKIAABCDEFGHIJKLMNOP"}), "services/web/environment/ID"),
        (
            web(environment={"URL": "postgres://app:hunter2@db:5432/app"}),
            "services/web/environment/URL",
        ),
        (web(command=["run", "--db-password=hunter2"]), "services/web/command/1"),
        (web(labels={"x": "ghp_" + "a" * 36}), "services/web/labels/x"),
        (
            web(docker={"log": [{"url": "amqp://a:hunter2@mq"}]}),
            "services/web/docker/log/0/url",
        ),
        (
            {"configs": {"c": {"content": "x\n-----BEGIN RSA PRIVATE KEY-----\n"}}},
            "configs/c/content",
        ),
        ({"external": {"q": {"address": "amqp://a:hunter2@mq"}}}, "external/q/address"),
        (
            {"manifests": [{"kind": "ConfigMap", "data": {"u": "redis://:hunter2@r"}}]},
            "manifests/0/data/u",
        ),
        (
            {"manifests": [{"kind": "Secret", "stringData": {"p": "hunter2"}}]},
            "manifests/0/stringData",
        ),
    ],
    "R287": [
        (web(volumes=["/var/run/docker.sock:/s:ro"]), "services/web/volumes/0"),
        (web(volumes=["/:/host:ro"]), "services/web/volumes/0"),
        (web(volumes=["/var/../run/:/r"]), "services/web/volumes/0"),
    ],
    "R288": [
        (web(grants={"files": ["read:/data", "write:/"]}), "services/web/grants/files/1"),
        (web(grants={"outbound": ["*:*"]}), "services/web/grants/outbound/0"),
    ],
    "R290": [
        (web(metrics={"m": {"format": "json"}}), "services/web/metrics/m"),
        (
            web(metrics={"m": {"format": "redis-list", "key": "jobs"}}),
            "services/web/metrics/m",
        ),
        (web(metrics={"m": {"format": "command"}}), "services/web/metrics/m"),
    ],
}

QUIET: dict[str, list[Sections]] = {
    "R201": [web(), web(termination={"drain": "30s", "grace": "31s"})],
    "R202": [
        web(),
        web(termination={"pre_stop": "5s", "drain": "30s", "grace": "50s"}),
        web(termination={"drain": "30s", "grace": "30s"}),
    ],
    "R203": [
        web(**routed()),
        web(**routed(session_longest="60s")),
        web(**routed(websocket=True, timeouts={"idle": "1m"})),
    ],
    "R204": [web(), web(**routed()), web(**routed(drain="30s"), termination={"drain": "30s"})],
    "R205": [
        {**web(**routed()), "edge": {"kind": "foreign"}},
        {**web(), "edge": {"kind": "foreign"}},
        web(**routed(drain=0)),
    ],
    "R206": [
        _chain(9, drain="10s", stop="5s", flush="2s", total="60s"),
        _chain(20, stop="5s"),
    ],
    "R207": [
        web(),
        {**web(), "shutdown": {"stop": "5s", "total": "60s"}},
        {**web(termination={"drain": "30s", "grace": "45s"}), "shutdown": {"stop": "45s"}},
    ],
    "R210": [
        web(**_REST),
        web(liveness={"tcp": {"port": 80}}, readiness={"tcp": {"port": 80}}),
        web(liveness=http("/health")),
    ],
    "R211": [web(), web(ports=["5432/tcp"]), web(**routed())],
    "R212": [web(**routed()), web(ports=["80"])],
    "R213": [web(**_REST), web(liveness=http("/already")), web(liveness=http("/feedback"))],
    "R214": [
        web(**_REST),
        web(readiness={"http": {"path": "/up", "port": 80, "body": "ok"}}),
        web(liveness=http("/up")),
    ],
    "R215": [web(readiness=http("/ready", period="5s", timeout="5s"))],
    "R216": [
        web(readiness=http("/ready", period="10s", failures=6), rollout={"deadline": "1m"}),
        web(rollout={"deadline": "1s"}),
    ],
    "R217": [
        web(readiness=http("/ready", delay="60s"), liveness=http("/live", delay="40s")),
        web(
            readiness=http("/ready", delay="60s"),
            liveness=http("/live"),
            startup=http("/live"),
        ),
    ],
    "R218": [
        web(liveness=http("/live"), restart={"policy": "on-failure"}),
        web(restart={"policy": "never"}),
    ],
    "R219": [web(rollout={"min_ready": "59s", "deadline": "60s"})],
    "R220": [
        both({"depends_on": {"service/api": "healthy"}}, {"readiness": http("/ready")}),
        both({"depends_on": {"service/api": "started"}}, {}),
        {
            **web(depends_on={"external/db": "healthy"}),
            "external": {"db": {"address": "db:5432"}},
        },
    ],
    "R230": [
        web(**routed(websocket=True)),
        web(replicas=2, **routed(websocket=True, strategy="ip_hash")),
        web(replicas=2, **routed(websocket=True, affinity={"by": "client_ip"})),
        web(replicas=2, **routed()),
    ],
    "R231": [
        web(**routed(strategy="ip_hash", affinity={"by": "client_ip"})),
        web(**routed(strategy="least_connections", affinity={"by": "cookie", "name": "A"})),
    ],
    "R232": [
        web(**routed(affinity={"by": "cookie", "name": "A"})),
        web(**routed(affinity={"by": "client_ip"})),
        web(**routed(affinity={"by": "path"})),
    ],
    "R233": [
        web(**routed(session_longest="1h", affinity={"by": "client_ip", "timeout": "1h"})),
        web(**routed(affinity={"by": "client_ip", "timeout": "1h"})),
    ],
    "R234": [web(**routed()), web(routing={"port": 80})],
    "R235": [
        both(routed(path="/"), routed(path="/x")),
        both(routed(host="a.example"), routed(host="b.example")),
    ],
    "R236": [web(replicas=2, weights=[3, 1]), web(replicas=2, weights=[1, 0])],
    "R237": [web(replicas=2, weights=[3, 1], **routed(strategy="weighted")), web(**routed())],
    "R238": [
        both(routed(internal=True), {"depends_on": {"service/web": "started"}}),
        both({}, {"depends_on": {"service/web": "started"}}),
        both(routed(), {}),
    ],
    "R239": [
        {"zones": {"chat": {"rate_per_s": 10}}},
        {"zones": {"chat": {"rate_per_s": 10, "status": 503, "enabled": False}}},
    ],
    "R240": [
        web(singleton=True),
        web(singleton=True, replicas=1, rollout={"strategy": "recreate"}),
        web(singleton=True, rollout={"max_surge": 0}),
        web(replicas=2, rollout={"strategy": "start-first"}),
    ],
    "R241": [web(autoscale={"max": 4}), web(replicas=2)],
    "R242": [
        web(autoscale={"max": 4, "cpu": 70}, **_asks(cpu="250m")),
        web(autoscale={"max": 4, "memory": 70}, **_limit("1Gi")),
    ],
    "R243": [
        web(),
        web(rollout={"max_surge": 0, "max_unavailable": 1}),
        web(replicas=4, rollout={"max_surge": 0}),
        web(rollout={"strategy": "recreate", "max_surge": 0, "max_unavailable": 0}),
    ],
    "R244": [web(rollout={"strategy": "canary"}, **routed()), web()],
    "R245": [
        web(ports=["80"]),
        web(ports=["8080:80"], rollout={"strategy": "recreate"}),
        web(ports=["8080:80"], routing={}),
        web(ports=["8080:80"], replicas=0),
    ],
    "R246": [
        web(ports=["80"], rollout={"strategy": "start-first"}),
        web(ports=["8080:80"]),
    ],
    "R247": [
        web(volumes=["data:/d:ro"], replicas=2),
        web(volumes=["data:/d"], singleton=True),
        web(volumes=["data:/d"], rollout={"strategy": "recreate"}),
        web(volumes=["/srv/data:/d"], replicas=2),
    ],
    "R255": [
        _budget(web(replicas=4), limit=50),
        _budget(web(replicas=4, rollout={"max_surge": 0}), limit=40),
        _budget(web(replicas=4, rollout={"strategy": "recreate"}), limit=40),
    ],
    "R256": [_budget(web(), limit=90)],
    "R257": [
        {**web(**_asks(memory="4Gi", cpu="1500m")), "nodes": {"n": _NODE}},
        {**web(**_asks(cpu="64")), "nodes": {"n": {"memory": "8Gi"}}},
        web(**_asks(memory="5Gi")),
    ],
    "R258": [
        {**web(replicas=4, **_asks(memory="1Gi")), "nodes": {"n": _NODE}},
        {**web(replicas=2, **_asks(cpu="1500m")), "nodes": {"n": {**_NODE, "count": 2}}},
    ],
    "R259": [
        {**web(replicas=3, **_asks(memory="1Gi")), "nodes": {"n": _NODE}},
        {**web(replicas=5, **_asks(memory="1Gi")), "nodes": {"n": _NODE}},
    ],
    "R260": [{"nodes": {"n": _NODE}}, {"nodes": {"n": {}}}],
    "R261": [
        {**web(), "nodes": {"n": {"startup": "slow"}, "m": {"startup": "fast"}}},
        {**web(workload="batch"), "nodes": {"n": {"startup": "slow"}}},
        web(),
    ],
    "R262": [
        _budget(web(replicas=4), limit=80),
        _budget(web(replicas=4), limit=40),
        _budget(web(replicas=4, rollout={"strategy": "recreate"}), limit=40),
        _budget(web(replicas=4, singleton=False, rollout={"min_ready": "31s"}), limit=70),
        _budget(web(replicas=4, rollout={"strategy": "blue-green"}), limit=80),
    ],
    "R264": [web(**_XMX, **_limit("1025Mi")), web(**_XMX), web(**_limit("1Gi"))],
    "R265": [web(**_XMX, **_limit("1Gi")), web(**_XMX, **_limit("1400Mi"))],
    "R266": [
        web(
            resources={
                "requests": {"cpu": "1", "memory": "1Gi"},
                "limits": {"cpu": "1", "memory": "1Gi"},
            }
        )
    ],
    "R270": [
        both({"ports": ["8080:80"]}, {"ports": ["8081:80"]}),
        both({"ports": ["8080:80"]}, {"ports": ["8080:80/udp"]}),
        both({"ports": ["127.0.0.1:8080:80"]}, {"ports": ["127.0.0.2:8080:80"]}),
        {**web(ports=["80:80"]), "edge": {"kind": "foreign", "ports": {"http": 80}}},
    ],
    "R271": [web(ports=["8080-8081:80"], replicas=2), web(ports=["80"], replicas=2)],
    "R272": [
        web(hostname="web", aliases=["web", "www"]),
        both({"aliases": ["a"]}, {"aliases": ["b"]}),
        {
            **both(
                {"aliases": ["app"], "networks": ["a"]},
                {"aliases": ["app", "web"], "networks": ["b"]},
            ),
            "networks": {"a": {}, "b": {}},
        },
    ],
    "R273": [web(docker={"container_name": "app"}), web(replicas=2, docker={"init": True})],
    "R274": [{"external": {"db": {"address": "db:5432"}}}],
    "R280": [
        web(),
        web(image="web@sha256:" + "0" * 64),
        web(image="web:latest@sha256:" + "0" * 64),
        web(image="web:latest", pin_digest=True),
    ],
    "R285": [
        {
            **web(environment={"DB_PASSWORD": {"secret": "db"}}),
            "secrets": {"db": {"env": "DB_PASSWORD"}},
        },
        web(environment={"DB_PASSWORD_FILE": "/run/secrets/db", "TOKEN": "", "API_KEY": "true"}),
        web(environment={"MAX_TOKENS": "4096", "API_KEY_HEADER": "X-Key", "MONKEY": "x"}),
        web(environment={"TLS_PRIVATE_KEY": "/run/secrets/tls.key"}),
    ],
    "R286": [
        web(environment={"URL": "postgres://app@db:5432/app", "KEY": "task-force-one-two-three"}),
        web(environment={"URL": "postgres://app:${PASSWORD}@db:5432/app"}),
        web(command=["run", "--password-file=/run/secrets/db", "--token=$TOKEN"]),
        web(environment={"DB_PASSWORD": "sk-abcdefghijklmnopqrstuv"}),
        {"configs": {"c": {"content": "-----BEGIN CERTIFICATE-----"}}},
        {"manifests": [{"kind": "Secret", "type": "Opaque"}]},
    ],
    "R287": [web(volumes=["/srv:/srv", "run:/var/run", "/var/lib/app:/x"])],
    "R288": [web(grants={"files": ["read:/data"], "outbound": ["api.example.com:443"]})],
    "R290": [
        web(
            metrics={
                "a": {},
                "b": {"format": "json", "pointer": "/n"},
                "c": {"format": "rabbitmq-queue", "source": "mq:15672", "key": "jobs"},
                "d": {"format": "command", "command": ["depth"]},
            }
        )
    ],
}
