package dev.andante.tokenizer;

import com.hubspot.jinjava.el.JinjavaInterpreterResolver;
import com.hubspot.jinjava.lib.Importable;
import com.hubspot.jinjava.util.ForLoop;
import java.beans.FeatureDescriptor;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import jinjava.javax.el.ELContext;
import jinjava.javax.el.ELException;
import jinjava.javax.el.ELResolver;
import org.jspecify.annotations.Nullable;

/**
 * What expressions of a template may reach: values of lists and dictionaries, Python's methods on
 * strings and dictionaries, and jinjava's own filters, tests and loop variable. Methods of Java
 * objects are out of reach. Stateless.
 */
@SuppressWarnings("rawtypes") // the overridden signatures are raw
final class TemplateResolver extends ELResolver {
  private static final ELResolver JINJAVA = JinjavaInterpreterResolver.DEFAULT_RESOLVER_READ_ONLY;
  private static final Set<String> LIST_METHODS =
      Set.of("append", "extend", "insert", "pop", "index", "count", "copy");

  @Override
  public @Nullable Object invoke(
      ELContext context,
      Object base,
      Object method,
      Class<?>[] types,
      @Nullable Object @Nullable [] params) {
    @Nullable Object[] args = params == null ? new Object[0] : params;
    try {
      if (base instanceof CharSequence text) {
        Object result = PythonMethods.call(text.toString(), method.toString(), args);
        context.setPropertyResolved(true);
        return result;
      }
      if (base instanceof Map<?, ?> map) {
        Object result = PythonMethods.call(map, method.toString(), args);
        context.setPropertyResolved(true);
        return result;
      }
    } catch (IllegalArgumentException e) {
      throw new ELException(e.getMessage(), e);
    }
    if (base instanceof Importable
        || (base instanceof List<?> && LIST_METHODS.contains(method.toString()))
        || (base instanceof ForLoop && method.toString().equals("cycle"))) {
      return JINJAVA.invoke(context, base, method, types, params);
    }
    throw new ELException("there is no method " + method + " here");
  }

  @Override
  public @Nullable Object getValue(ELContext context, Object base, Object property) {
    if (base instanceof CharSequence && !(property instanceof Number) && !isNumber(property)) {
      context.setPropertyResolved(true);
      return null;
    }
    return JINJAVA.getValue(context, base, property);
  }

  private static boolean isNumber(Object property) {
    return property != null && property.toString().matches("-?\\d{1,9}");
  }

  @Override
  public Class<?> getType(ELContext context, Object base, Object property) {
    return JINJAVA.getType(context, base, property);
  }

  @Override
  public void setValue(ELContext context, Object base, Object property, Object value) {
    JINJAVA.setValue(context, base, property, value);
  }

  @Override
  public boolean isReadOnly(ELContext context, Object base, Object property) {
    return true;
  }

  @Override
  public Iterator<FeatureDescriptor> getFeatureDescriptors(ELContext context, Object base) {
    return JINJAVA.getFeatureDescriptors(context, base);
  }

  @Override
  public Class<?> getCommonPropertyType(ELContext context, Object base) {
    return JINJAVA.getCommonPropertyType(context, base);
  }
}
