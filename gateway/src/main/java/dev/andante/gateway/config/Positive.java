package dev.andante.gateway.config;

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

/** The duration is at least a millisecond. */
@Documented
@Constraint(validatedBy = Positive.Check.class)
@Target({ElementType.FIELD, ElementType.PARAMETER})
@Retention(RetentionPolicy.RUNTIME)
public @interface Positive {

  String message() default "must be at least 1ms";

  Class<?>[] groups() default {};

  Class<? extends Payload>[] payload() default {};

  /** Absent values are left to other constraints. */
  final class Check implements ConstraintValidator<Positive, Duration> {
    @Override
    public boolean isValid(@Nullable Duration value, ConstraintValidatorContext context) {
      return value == null || value.toMillis() >= 1;
    }
  }
}
