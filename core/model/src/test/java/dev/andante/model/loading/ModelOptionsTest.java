package dev.andante.model.loading;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Test;

class ModelOptionsTest {

  @Test
  void defaults() {
    ModelOptions options = ModelOptions.defaults();

    assertThat(options.experts().get()).isEmpty();
    assertThat(options.maxContextLength()).isEmpty();
  }

  @Test
  void contextLengthMustBePositive() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> ModelOptions.defaults().withMaxContextLength(0));
  }
}
