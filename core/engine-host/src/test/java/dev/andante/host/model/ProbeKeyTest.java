package dev.andante.host.model;

import static org.assertj.core.api.Assertions.assertThat;

import dev.andante.compute.Backend;
import dev.andante.compute.Precision;
import dev.andante.model.dummy.TinyModels;
import java.lang.reflect.Proxy;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;

class ProbeKeyTest {

  private Precision precision = Precision.FAST;

  private ProbeKey key(
      String model,
      int contextLength,
      String name,
      String description,
      String exact,
      String fast,
      String build) {
    Backend backend =
        (Backend)
            Proxy.newProxyInstance(
                ProbeKeyTest.class.getClassLoader(),
                new Class<?>[] {Backend.class},
                (_, method, arguments) ->
                    switch (method.getName()) {
                      case "name" -> name;
                      case "description" -> description;
                      case "numerics" -> precision == Precision.EXACT ? exact : fast;
                      case "precision" -> precision;
                      case "setPrecision" -> {
                        precision = (Precision) arguments[0];
                        yield null;
                      }
                      default -> throw new UnsupportedOperationException(method.getName());
                    });
    ModelSource source = new DummyModel("name", model, TinyModels.llamaConfig());
    return ProbeKey.of(source, contextLength, backend, build);
  }

  @Test
  void theSameIsLookedUpUnderTheSameName() {
    ProbeKey key = key("m", 0, "native", "AVX-512, 2 threads", "f32", "i8", "1");
    assertThat(precision).as("the precision is what it was").isEqualTo(Precision.FAST);
    ProbeKey again = key("m", 0, "native", "AVX-512, 2 threads", "f32", "i8", "1");
    assertThat(again).isEqualTo(key);
    assertThat(again.fileName()).isEqualTo(key.fileName()).matches("precision-[0-9a-f-]{36}\\.txt");
    assertThat(key.text()).contains("java: " + Runtime.version());
  }

  @Test
  void eachPartChangesTheFileThatIsLookedUp() {
    Set<String> names = new HashSet<>();
    names.add(key("m", 0, "native", "AVX-512", "f32", "i8", "1").fileName());
    names.add(key("n", 0, "native", "AVX-512", "f32", "i8", "1").fileName());
    names.add(key("m", 9, "native", "AVX-512", "f32", "i8", "1").fileName());
    names.add(key("m", 0, "vector", "AVX-512", "f32", "i8", "1").fileName());
    names.add(key("m", 0, "native", "AVX2", "f32", "i8", "1").fileName());
    names.add(key("m", 0, "native", "AVX-512", "f32-v2", "i8", "1").fileName());
    names.add(key("m", 0, "native", "AVX-512", "f32", "i8-bf16", "1").fileName());
    names.add(key("m", 0, "native", "AVX-512", "f32", "i8", "2").fileName());
    assertThat(names).hasSize(8);
  }

  @Test
  void aPartCannotPassForTwo() {
    assertThat(key("m", 0, "native", "AVX2", "f32", "i8", "1\njava: 1").text().lines())
        .hasSize(9)
        .contains("build: 1 java: 1");
  }
}
