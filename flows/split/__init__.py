"""Lines and pages → threads: question, answers, who wrote them and when."""
