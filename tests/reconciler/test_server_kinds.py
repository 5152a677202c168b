"""Pods of either kind of server: how it is started, its certificate, its end."""

import pytest

from harness.children import children, container, pod

ISSUER = {"name": "ca"}


def test_servers_read_their_certificate_from_the_secret() -> None:
    template = pod(tls={"mode": "Enforcing", "secretName": "mine"})["spec"]
    server = template["containers"][0]
    assert server["command"][-4:] == [
        "-Dtls.server.mode=enforcing",
        "-Dtls.test.mode.enable=false",
        "-Dtls.server.certPath=/etc/rocketmq/tls/tls.crt",
        "-Dtls.server.keyPath=/etc/rocketmq/tls/tls.key",
    ]
    assert template["volumes"][-1]["secret"]["secretName"] == "mine"
    assert server["volumeMounts"][-1]["mountPath"] == "/etc/rocketmq/tls"


def test_clients_are_checked_against_the_authority_of_the_spec() -> None:
    asked = {"mode": "Permissive", "secretName": "mine", "clientAuth": "Require"}
    template = pod(tls={**asked, "clientCASecretName": "clients"})["spec"]
    assert template["containers"][0]["command"][-3:] == [
        "-Dtls.server.need.client.auth=require",
        "-Dtls.server.authClient=true",
        "-Dtls.server.trustCertPath=/etc/rocketmq/client-ca/ca.crt",
    ]
    assert template["volumes"][-1]["secret"]["secretName"] == "clients"


def test_cert_manager_is_asked_for_a_certificate_with_every_name_of_the_servers() -> None:
    manager = {"issuerRef": ISSUER, "duration": "2160h", "dnsNames": ["mq.example.com"]}
    asked = children(tls={"mode": "Enforcing", "certManager": manager})
    spec = asked["Certificate/prod-nameserver-tls"]["spec"]
    assert spec["dnsNames"] == [
        "prod-nameserver-headless.mq.svc",
        "*.prod-nameserver-headless.mq.svc",
        "prod-nameserver.mq.svc",
        "mq.example.com",
    ]
    assert (spec["issuerRef"], spec["duration"]) == (ISSUER, "2160h")
    volumes = asked["StatefulSet/prod-nameserver"]["spec"]["template"]["spec"]["volumes"]
    assert volumes[-1]["secret"]["secretName"] == spec["secretName"]


JAVA = {"flavor": "Java", "image": "apache/rocketmq:5.3.3"}


def test_java_gets_its_key_in_the_form_that_it_reads() -> None:
    tls = {"mode": "Enforcing", "certManager": {"issuerRef": ISSUER}}
    kinds = [
        children(tls=tls, **flavor)["Certificate/prod-nameserver-tls"] for flavor in ({}, JAVA)
    ]
    assert [kind["spec"].get("privateKey") for kind in kinds] == [None, {"encoding": "PKCS8"}]


def test_java_is_run_in_the_image_of_apache_with_its_own_user_and_files() -> None:
    template = pod(ports={"remoting": 19876}, **JAVA)["spec"]
    (server,) = template["containers"]
    assert server["image"] == "apache/rocketmq:5.3.3"
    assert server["command"][4:7] == [
        "listenPort=19876",
        "bindAddress=0.0.0.0",
        "kvConfigPath=/var/lib/rocketmq/kvConfig.json",
    ]
    assert [port["name"] for port in server["ports"]] == ["remoting"]
    assert server["readinessProbe"]["tcpSocket"] == {"port": "remoting"}
    assert "httpGet" not in server["livenessProbe"]
    users = ("runAsUser", "runAsGroup", "fsGroup")
    assert [template["securityContext"][name] for name in users] == [3000, 3000, 3000]


def test_the_user_of_the_spec_goes_before_that_of_apaches_image() -> None:
    template = pod(pod={"securityContext": {"runAsUser": 12345}}, **JAVA)["spec"]
    assert template["securityContext"]["runAsUser"] == 12345


@pytest.mark.parametrize("flavor", [{}, JAVA], ids=["native", "java"])
def test_a_server_serves_on_while_services_stop_leading_to_it(flavor: dict[str, str]) -> None:
    assert container(**flavor)["lifecycle"] == {"preStop": {"sleep": {"seconds": 3}}}


@pytest.mark.parametrize(
    ("config", "policy", "rolls"),
    [
        ({"scanNotActiveBrokerInterval": "4000"}, "Restart", True),
        ({"scanNotActiveBrokerInterval": "4000"}, "Report", False),
        ({"orderMessageEnable": "true"}, "Restart", False),
    ],
)
def test_properties_read_at_the_start_replace_pods_where_the_spec_asks_for_it(
    config: dict[str, str], policy: str, rolls: bool
) -> None:
    rollout = {"onRestartRequired": policy}
    assert (pod(rollout=rollout) != pod(rollout=rollout, namesrvConfig=config)) is rolls
