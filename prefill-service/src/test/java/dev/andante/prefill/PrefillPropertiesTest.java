package dev.andante.prefill;

import static org.assertj.core.api.Assertions.assertThat;

import dev.andante.kvtransfer.KvCoding;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.annotation.Configuration;
import org.springframework.util.unit.DataSize;

class PrefillPropertiesTest {

  @Configuration(proxyBeanMethods = false)
  @EnableConfigurationProperties(PrefillProperties.class)
  static class Properties {}

  private final ApplicationContextRunner runner =
      new ApplicationContextRunner().withUserConfiguration(Properties.class);

  @Test
  void defaults() {
    runner.run(
        context ->
            assertThat(context.getBean(PrefillProperties.class))
                .isEqualTo(
                    new PrefillProperties(
                        Duration.ofSeconds(60),
                        DataSize.ofMegabytes(1),
                        DataSize.ofMegabytes(64),
                        KvCoding.AS_IS,
                        List.of(),
                        Duration.ofSeconds(5))));
  }

  @Test
  void everyKey() {
    runner
        .withPropertyValues(
            "andante.prefill.transfer-timeout=7s",
            "andante.prefill.max-frame=64KB",
            "andante.prefill.max-parked=2GB",
            "andante.prefill.kv-coding=q8",
            "andante.prefill.expert-addresses=e:1,e:2",
            "andante.prefill.expert-deadline=8s")
        .run(
            context ->
                assertThat(context.getBean(PrefillProperties.class))
                    .isEqualTo(
                        new PrefillProperties(
                            Duration.ofSeconds(7),
                            DataSize.ofKilobytes(64),
                            DataSize.ofGigabytes(2),
                            KvCoding.Q8,
                            List.of("e:1", "e:2"),
                            Duration.ofSeconds(8))));
  }

  @Test
  void anUnknownKeyIsRefused() {
    runner
        .withPropertyValues("andante.prefill.max-frames=1")
        .run(
            context ->
                assertThat(context).getFailure().rootCause().hasMessageContaining("max-frames"));
  }

  @Test
  void anUnknownCodingIsRefused() {
    runner
        .withPropertyValues("andante.prefill.kv-coding=q4")
        .run(
            context ->
                assertThat(context)
                    .getFailure()
                    .rootCause()
                    .hasMessageContaining("KvCoding")
                    .hasMessageContaining("q4"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "transfer-timeout=0s",
        "transfer-timeout=2h",
        "max-frame=-1B",
        "max-frame=2GB",
        "max-parked=-1B",
        "max-parked=2TB",
        "expert-deadline=0s",
        "expert-deadline=11m"
      })
  void aValueOutOfItsLimitsIsRefused(String pair) {
    runner
        .withPropertyValues("andante.prefill." + pair)
        .run(
            context ->
                assertThat(context).getFailure().rootCause().hasMessageContaining("must be"));
  }
}
