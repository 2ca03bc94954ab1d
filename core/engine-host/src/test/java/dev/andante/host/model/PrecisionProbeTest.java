package dev.andante.host.model;

import static org.assertj.core.api.Assertions.assertThat;

import dev.andante.compute.Backend;
import dev.andante.compute.Backends;
import dev.andante.compute.ComputePool;
import dev.andante.compute.Precision;
import dev.andante.compute.Tensor;
import dev.andante.model.LanguageModel;
import dev.andante.model.dummy.DummyModels;
import dev.andante.model.dummy.TinyModels;
import dev.andante.model.loading.ModelOptions;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PrecisionProbeTest {

  /** Noise of standard deviation s on logits gives a divergence of about s² / 2. */
  @ParameterizedTest
  @CsvSource({"0, true", "0.05, true", "0.5, false", "NaN, false"})
  void fastIsUsedWhereItIsCloseEnough(float noise, boolean expected) {
    try (ComputePool pool = new ComputePool(1)) {
      Backend backend = noisyWhenFast(Backends.open("reference", pool), noise, 1);
      assertThat(fastIsCloseEnough(backend, pool)).isEqualTo(expected);
      assertThat(backend.precision()).isEqualTo(Precision.FAST);
    }
  }

  @Test
  void bothFewRowsAndManyAreTried() {
    try (ComputePool pool = new ComputePool(1)) {
      assertThat(fastIsCloseEnough(noisyWhenFast(Backends.open("reference", pool), 0.5f, 48), pool))
          .isFalse();
      assertThat(
              fastIsCloseEnough(noisyWhenFast(Backends.open("reference", pool), 0.5f, 1000), pool))
          .as("more rows than are worth trying")
          .isTrue();
    }
  }

  private static boolean fastIsCloseEnough(Backend backend, ComputePool pool) {
    backend.setPrecision(Precision.FAST);
    ModelOptions options = new ModelOptions(Optional::empty, Optional.empty());
    try (LanguageModel model = DummyModels.load(TinyModels.llamaConfig(), backend, 42, options)) {
      return PrecisionProbe.fastIsCloseEnough(model, backend, pool);
    }
  }

  /** Adds noise to what is read of {@code manyRows} rows or more. */
  private static Backend noisyWhenFast(Backend exact, float noise, int manyRows) {
    Precision[] precision = {Precision.EXACT};
    Random random = new Random(1);
    return (Backend)
        Proxy.newProxyInstance(
            PrecisionProbeTest.class.getClassLoader(),
            new Class<?>[] {Backend.class},
            (proxy, method, arguments) -> {
              if (method.getName().equals("precision")) {
                return precision[0];
              }
              if (method.getName().equals("setPrecision")) {
                precision[0] = (Precision) arguments[0];
                return null;
              }
              if (method.getName().equals("manyRows")) {
                return precision[0] == Precision.FAST ? manyRows : Integer.MAX_VALUE;
              }
              try {
                Object result = method.invoke(exact, arguments);
                if (method.getName().equals("read")
                    && precision[0] == Precision.FAST
                    && ((Tensor) arguments[0]).rows() >= manyRows) {
                  float[] values = (float[]) arguments[1];
                  for (int i = 0; i < values.length; i++) {
                    values[i] += (float) (noise * random.nextGaussian());
                  }
                }
                return result;
              } catch (InvocationTargetException e) {
                throw e.getCause();
              }
            });
  }
}
