package dev.andante.decode;

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

class DecodePropertiesTest {

  @Configuration(proxyBeanMethods = false)
  @EnableConfigurationProperties(DecodeProperties.class)
  static class Properties {}

  private final ApplicationContextRunner runner =
      new ApplicationContextRunner().withUserConfiguration(Properties.class);

  @Test
  void defaults() {
    runner.run(
        context ->
            assertThat(context.getBean(DecodeProperties.class))
                .isEqualTo(
                    new DecodeProperties(
                        "",
                        List.of(),
                        Duration.ofSeconds(5),
                        4096,
                        "",
                        true,
                        0,
                        0,
                        true,
                        KvCoding.AS_IS)));
  }

  @Test
  void everyKey() {
    runner
        .withPropertyValues(
            "andante.decode.draft-address=d:1",
            "andante.decode.expert-addresses=e:1,e:2",
            "andante.decode.expert-deadline=7s",
            "andante.decode.max-buffered-tokens=9",
            "andante.decode.kv-address=k:1",
            "andante.decode.kv-link=off",
            "andante.decode.kv-link-port=1234",
            "andante.decode.kv-link-advertised-port=4321",
            "andante.decode.hand-over=off",
            "andante.decode.kv-coding=q8")
        .run(
            context ->
                assertThat(context.getBean(DecodeProperties.class))
                    .isEqualTo(
                        new DecodeProperties(
                            "d:1",
                            List.of("e:1", "e:2"),
                            Duration.ofSeconds(7),
                            9,
                            "k:1",
                            false,
                            1234,
                            4321,
                            false,
                            KvCoding.Q8)));
  }

  @Test
  void anUnknownKeyIsRefused() {
    runner
        .withPropertyValues("andante.decode.draft-adress=d:1")
        .run(
            context ->
                assertThat(context).getFailure().rootCause().hasMessageContaining("draft-adress"));
  }

  @Test
  void anUnknownCodingIsRefused() {
    runner
        .withPropertyValues("andante.decode.kv-coding=q4")
        .run(
            context ->
                assertThat(context)
                    .getFailure()
                    .rootCause()
                    .hasMessageContaining("KvCoding")
                    .hasMessageContaining("q4"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"max-buffered-tokens=0", "expert-deadline=0s", "expert-deadline=11m"})
  void aBadValueIsRefused(String pair) {
    runner
        .withPropertyValues("andante.decode." + pair)
        .run(
            context ->
                assertThat(context).getFailure().rootCause().hasMessageContaining("must be"));
  }
}
