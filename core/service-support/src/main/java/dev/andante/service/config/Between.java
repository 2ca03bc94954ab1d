package dev.andante.service.config;

import jakarta.validation.Constraint;
import jakarta.validation.ConstraintValidator;
import jakarta.validation.ConstraintValidatorContext;
import jakarta.validation.Payload;
import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.convert.DurationStyle;
import org.springframework.util.unit.DataSize;

/**
 * A duration or size lies between two others, both included. Absent values are left to other
 * constraints. Name the limits in the record's Javadoc too: the documentation is made from that.
 */
@Documented
@Constraint(validatedBy = {Between.OfDuration.class, Between.OfSize.class})
@Target({ElementType.FIELD, ElementType.PARAMETER})
@Retention(RetentionPolicy.RUNTIME)
public @interface Between {

  /** As in configuration: {@code 1ms}, {@code 1KB}. */
  String min();

  /** As {@link #min}. */
  String max();

  String message() default "must be {min} to {max}";

  Class<?>[] groups() default {};

  Class<? extends Payload>[] payload() default {};

  /** Durations. */
  final class OfDuration implements ConstraintValidator<Between, Duration> {
    private Duration min = Duration.ZERO;
    private Duration max = Duration.ZERO;

    @Override
    public void initialize(Between limits) {
      min = DurationStyle.detectAndParse(limits.min());
      max = DurationStyle.detectAndParse(limits.max());
    }

    @Override
    public boolean isValid(@Nullable Duration value, ConstraintValidatorContext context) {
      return value == null || (value.compareTo(min) >= 0 && value.compareTo(max) <= 0);
    }
  }

  /** Sizes. */
  final class OfSize implements ConstraintValidator<Between, DataSize> {
    private DataSize min = DataSize.ofBytes(0);
    private DataSize max = DataSize.ofBytes(0);

    @Override
    public void initialize(Between limits) {
      min = DataSize.parse(limits.min());
      max = DataSize.parse(limits.max());
    }

    @Override
    public boolean isValid(@Nullable DataSize value, ConstraintValidatorContext context) {
      return value == null || (value.compareTo(min) >= 0 && value.compareTo(max) <= 0);
    }
  }
}
