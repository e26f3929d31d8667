throw new Error('this file breaks');
