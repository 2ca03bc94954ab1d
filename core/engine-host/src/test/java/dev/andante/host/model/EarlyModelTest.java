package dev.andante.host.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.andante.compute.ComputePool;
import dev.andante.host.ModelHostConfiguration;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.context.ConfigurableApplicationContext;

class EarlyModelTest {

  private final CompletableFuture<Integer> exited = new CompletableFuture<>();

  /** Made before anything of the context is started: it says what had happened by then. */
  static final class Early {

    private final ModelHost host;

    Early(ModelHost host) {
      this.host = host;
      assertThat(host.isRunning()).isFalse();
      var _ = host.loaded().handle((_, _) -> "it is known").orTimeout(60, TimeUnit.SECONDS).join();
    }
  }

  /** What cannot be made while the model is loading. */
  static final class Broken {

    Broken(ModelHost host) {
      throw new IllegalStateException("broken beside " + host.modelName());
    }
  }

  private ConfigurableApplicationContext start(Class<?> part, Map<String, Object> settings) {
    SpringApplication application =
        new SpringApplicationBuilder(ModelHostConfiguration.class, part)
            .web(WebApplicationType.NONE)
            .registerShutdownHook(false)
            .properties(settings)
            .initializers(new EarlyModel())
            .build();
    application.addInitializers(
        context -> {
          var beans = context.getBeanFactory();
          beans.registerSingleton("exit", (ProcessExit) exited::complete);
          beans.registerSingleton(
              "registry", new PrometheusMeterRegistry(PrometheusConfig.DEFAULT));
        });
    return application.run();
  }

  @Test
  void theModelIsLoadedBesideTheContextAndBelongsToIt() {
    ModelHost host;
    try (var context = start(Early.class, Map.of("andante.model.path", "dummy:llama-tiny"))) {
      host = context.getBean(Early.class).host;
      assertThat(context.getBeansOfType(ModelHost.class).values()).containsExactly(host);
      assertThat(context.getBeansOfType(ComputePool.class)).hasSize(1);
      assertThat(host.isRunning()).isTrue();
      assertThat(host.loaded()).isCompleted();
    }
    assertThat(host.isRunning()).isFalse();
  }

  @Test
  void aModelThatCannotBeLoadedEndsTheProcessOnceTheContextIsThere() {
    try (var context = start(Early.class, Map.of("andante.model.path", "missing.gguf"))) {
      assertThat(context.getBean(ModelHost.class).loaded()).isCompletedExceptionally();
      assertThat(exited.orTimeout(60, TimeUnit.SECONDS).join()).isEqualTo(ProcessExit.CANNOT_START);
    }
  }

  @Test
  void aContextThatCannotStartEndsTheLoading() {
    assertThatThrownBy(
            () -> start(Broken.class, Map.of("andante.model.path", "dummy:mixtral-tiny")))
        .hasStackTraceContaining("broken beside mixtral-tiny");
    assertThat(Thread.getAllStackTraces().keySet())
        .noneMatch(thread -> thread.getName().equals("andante-model-loader"));
    assertThat(exited).isNotDone();
  }

  private static Map<String, Object> settings(String key, String value) {
    Map<String, Object> all = new HashMap<>(Map.of("andante.model.path", "dummy:llama-tiny"));
    all.put(key, value);
    return all;
  }

  @ParameterizedTest
  @CsvSource({
    "andante.model.path,''",
    "andante.model.context-length,many",
    "andante.compute.threads,-1",
    "andante.compute.precision,rough"
  })
  void whatIsWrongWithSettingsIsLeftToTheContext(String key, String value) {
    assertThatThrownBy(() -> start(Early.class, settings(key, value)))
        .hasStackTraceContaining("Could not bind properties to '");
    assertThat(exited).isNotDone();
  }
}
